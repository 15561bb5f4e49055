import { mixHash } from '../../core/hash.js';
import { topicLengthMax, topicSegmentsMax } from '../../core/limits.js';

/**
 * One plain topic, read once: is it well formed, where do its segments end, and a hash of it. What `normalizeTopic`, a split and
 * `hashText` say in three passes with new texts; a unique topic costs little more than this pass. Used again for each topic.
 */
export class TopicScan {
  /** The topic as its caller wrote it. */
  text = '';
  /** How many segments it has. */
  count = 0;
  /** Equal for each spelling of one topic. */
  hash = 0;
  /** Where the first segment begins. */
  #start = 0;
  /** Where each segment ends, so that the next begins one behind. */
  readonly #ends = new Uint16Array(topicSegmentsMax);

  /** Reads a topic; false when `normalizeTopic` refuses it, and then nothing else here holds. */
  read(topic: string): boolean {
    // A program in JavaScript may give anything.
    if (typeof topic !== 'string') return false;
    const { length } = topic;
    if (length === 0 || length > topicLengthMax) return false;
    const end = length > 1 && topic.charCodeAt(length - 1) === slash ? length - 1 : length;
    let start = topic.charCodeAt(0) === slash ? 1 : 0;
    this.#start = start;
    let count = 0;
    let hash = 0x811c9dc5;
    for (let index = start; index < end; index += 1) {
      const code = topic.charCodeAt(index);
      hash = Math.imul(hash ^ code, 0x01000193);
      if (code === slash) {
        // One more comes after it, so the last place is not for this one.
        if (index === start || count >= topicSegmentsMax - 1) return false;
        this.#ends[count] = index;
        count += 1;
        start = index + 1;
      } else if ((code < 0x2d || code > 0x7a) && isForbidden(code)) return false;
    }
    if (start >= end) return false;
    this.#ends[count] = end;
    this.text = topic;
    this.count = count + 1;
    this.hash = mixHash(hash);
    return true;
  }

  /** The topic in its normal form. */
  get normal(): string {
    const { text } = this;
    const end = this.#ends[this.count - 1] ?? 0;
    if (this.#start === 1 && end === text.length) return text;
    return `/${text.slice(this.#start, end)}`;
  }

  /** The text of a segment. */
  segment(index: number): string {
    return this.text.slice(this.#from(index), this.#ends[index]);
  }

  /** True when a segment is this text. */
  isSegment(index: number, text: string): boolean {
    const from = this.#from(index);
    return (this.#ends[index] ?? 0) - from === text.length && this.text.startsWith(text, from);
  }

  #from(index: number): number {
    return index === 0 ? this.#start : (this.#ends[index - 1] ?? 0) + 1;
  }
}

const slash = 0x2f;

/** Wildcards and control characters, as `findTopicFault` has them. */
function isForbidden(code: number): boolean {
  // * + # { } ,
  const isWildcard = code === 0x2a || code === 0x2b || code === 0x23 || code === 0x7b || code === 0x7d || code === 0x2c;
  return isWildcard || code < 0x20 || code === 0x7f;
}
