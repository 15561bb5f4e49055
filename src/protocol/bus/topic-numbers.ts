import { hashText } from '../../core/hash.js';

/**
 * Numbers for the topics that this epoch publishes on, so that a link carries a topic's text once. A topic gets its number when it
 * comes a second time: one-off topics do not eat numbers. Past the bound topics travel as text.
 */
export class TopicNumbers {
  readonly #max: number;
  readonly #numbers = new Map<string, number>();
  readonly #seen = new Uint32Array(4096);

  constructor(max: number = topicNumbersMax) {
    this.#max = max;
  }

  /** The topic's number, from 1, or 0 when it has none and travels as text. */
  number(topic: string): number {
    const known = this.#numbers.get(topic);
    if (known !== undefined) return known;
    if (this.#numbers.size >= this.#max) return 0;
    const hash = hashText(topic);
    const at = hash % this.#seen.length;
    if (this.#seen[at] !== hash) {
      this.#seen[at] = hash;
      return 0;
    }
    const number = this.#numbers.size + 1;
    this.#numbers.set(topic, number);
    return number;
  }
}

/** Most topics that one epoch numbers; a peer holds as many texts for each of its peers. */
export const topicNumbersMax = 65_536;
