import type { TopicScan } from './topic-scan.js';

/** What of a pattern lies below its last fork: one object for all patterns that end alike. */
export interface Rest {
  readonly text: string;
  readonly segments: readonly string[];
  uses: number;
}

/** The rests of a trie's patterns: a hundred thousand patterns of one form end in one rest, which is always in a cache. */
export class RestBook {
  readonly #rests = new Map<string, Rest>();

  /** The rest of a pattern from a depth on; `undefined` at its end. Each is held until it is released. */
  hold(segments: readonly string[], depth: number): Rest | undefined {
    if (depth >= segments.length) return undefined;
    const own = segments.slice(depth);
    const text = own.join('/');
    const held = this.#rests.get(text);
    if (held !== undefined) {
      held.uses += 1;
      return held;
    }
    const rest = { text, segments: own, uses: 1 };
    this.#rests.set(text, rest);
    return rest;
  }

  /** Lets go of what `hold` gave. */
  release(rest: Rest | undefined): void {
    if (rest === undefined) return;
    rest.uses -= 1;
    if (rest.uses === 0) this.#rests.delete(rest.text);
  }
}

/** True when a rest is what a pattern has from a depth on. */
export function isRest(rest: Rest | undefined, segments: readonly string[], depth: number): boolean {
  if (rest === undefined) return depth === segments.length;
  if (rest.segments.length !== segments.length - depth) return false;
  for (let index = 0; index < rest.segments.length; index += 1) {
    if (rest.segments[index] !== segments[depth + index]) return false;
  }
  return true;
}

/** True when the segments of a pattern from `patternAt` on take all of a topic from `topicAt` on. */
export function takesRest(pattern: readonly string[], patternAt: number, topic: TopicScan, topicAt: number): boolean {
  let at = topicAt;
  for (let index = patternAt; index < pattern.length; index += 1) {
    const segment = pattern[index];
    if (segment === undefined) return false;
    if (segment === '**') return takesSome(pattern, index + 1, topic, at);
    if (at >= topic.count || (segment !== '*' && !topic.isSegment(at, segment))) return false;
    at += 1;
  }
  return at === topic.count;
}

/** The same behind a `**`, which takes any number of segments. */
function takesSome(pattern: readonly string[], patternAt: number, topic: TopicScan, topicAt: number): boolean {
  if (patternAt === pattern.length) return true;
  for (let skip = topicAt; skip <= topic.count; skip += 1) {
    if (takesRest(pattern, patternAt, topic, skip)) return true;
  }
  return false;
}
