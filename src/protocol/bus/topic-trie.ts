import { hashText } from '../../core/hash.js';
import { normalizeTopic, topicToSegments, type TopicPattern } from '../../core/topic.js';
import { patternsOverlap } from './pattern-overlap.js';
import {
  addTo,
  childOf,
  collect,
  createNode,
  findChild,
  isVacant,
  type Place,
  prune,
  removeFrom,
  type TrieNode,
  walkTopic,
} from './topic-node.js';

/**
 * Which values want a topic. Exact topics are slots of one map; patterns with wildcards are a trie over segments. What a topic
 * matched is kept with its slot and is good until a wildcard changes (one generation for all) or its own exact set does. Topics
 * nobody asked for by name get a slot only when they come a second time, so a flood of unique topics cannot wash the cache out.
 * Results equal the textbook matcher (`matchesSegments`), and each value is there once however many of its patterns match.
 */
export class TopicTrie<T extends object, M> {
  readonly #build: (values: readonly T[], topic: string | undefined) => M;
  readonly #isSame: (value: T) => boolean;
  readonly #cacheMax: number;
  /** What nothing matches; shared by all topics that nobody wants. */
  readonly #none: M;
  readonly #slots = new Map<string, Slot<T, M>>();
  /** Exact topics that one value wants and nobody has asked for yet: of a million most are, and need no slot. */
  readonly #singles = new Map<string, T>();
  readonly #root: TrieNode<T, M> = createNode();
  readonly #leaves = new Set<TrieNode<T, M>>();
  readonly #cached: Slot<T, M>[] = [];
  /** Slots by topics as callers write them, which need not be the normal form; emptied when there are too many. */
  readonly #spellings = new Map<string, Slot<T, M>>();
  readonly #seen = new Uint32Array(doorkeeperSize);
  /** Empty but while a topic is matched. */
  readonly #places: TrieNode<T, M>[] = [];
  #evictAt = 0;
  #wildcards = 0;
  #exacts = 0;
  #generation = 1;

  /**
   * `build` turns the matching values of a topic into what `find` returns; it is called once for each change, not each event.
   * For a broadcast there is no one topic.
   */
  constructor(build: (values: readonly T[], topic: string | undefined) => M, options: TopicTrieOptions<T> = {}) {
    this.#build = build;
    this.#isSame = options.isSame ?? never;
    this.#cacheMax = options.cacheMax ?? 65_536;
    this.#none = build([], undefined);
  }

  /** Pairs of pattern and value. */
  get size(): number {
    return this.#wildcards + this.#exacts;
  }

  /** Forgets every kept match: something that `build` looks at changed. */
  touch(): void {
    this.#generation += 1;
  }

  /** Adds a value under a pattern; adding the same pair again changes nothing and returns false. */
  add(pattern: TopicPattern, value: T): boolean {
    if (pattern.exact) return this.#addExact(pattern.text, value);
    let node = this.#root;
    for (const segment of pattern.segments) node = childOf(node, segment);
    if (!addTo(node, value)) return false;
    node.pattern = pattern;
    this.#leaves.add(node);
    this.#wildcards += 1;
    this.#generation += 1;
    return true;
  }

  /** Removes a pair; false when it was not there. */
  remove(pattern: TopicPattern, value: T): boolean {
    if (pattern.exact) return this.#removeExact(pattern.text, value);
    const path: TrieNode<T, M>[] = [this.#root];
    let node: TrieNode<T, M> | undefined = this.#root;
    for (const segment of pattern.segments) {
      node = findChild(node, segment);
      if (node === undefined) return false;
      path.push(node);
    }
    if (!removeFrom(node, value)) return false;
    if (isVacant(node)) this.#leaves.delete(node);
    prune(path, pattern.segments);
    this.#wildcards -= 1;
    this.#generation += 1;
    return true;
  }

  /** Returns the match of a topic with its normal form; throws `invalid-topic`. The hot path: one map look-up, no allocation. */
  find(topic: string): TopicMatch<M> {
    const slot = this.#spellings.get(topic) ?? this.#slots.get(topic);
    return slot !== undefined && slot.generation === this.#generation ? slot : this.#findCold(topic);
  }

  /** Returns what the union of all topics of these patterns matches. Linear in the number of patterns and exact topics held. */
  findOverlap(patterns: readonly TopicPattern[]): M {
    const found = new Set<T>();
    for (const pattern of patterns) {
      for (const leaf of this.#leaves) {
        if (patternsOverlap(pattern.segments, leaf.pattern?.segments ?? [])) collect(leaf, found);
      }
      if (pattern.exact) {
        const slot = this.#slots.get(pattern.text) ?? this.#openSlot(pattern.text);
        if (slot !== undefined) collect(slot, found);
        continue;
      }
      this.#collectExact(pattern, found);
    }
    return this.#build([...found], undefined);
  }

  /** The exact topics that a pattern matches. */
  #collectExact(pattern: TopicPattern, found: Set<T>): void {
    const prefix = literalPrefix(pattern);
    for (const [topic, value] of this.#singles) {
      if (!topic.startsWith(prefix)) continue;
      if (patternsOverlap(pattern.segments, topicToSegments(topic))) found.add(value);
    }
    for (const slot of this.#slots.values()) {
      if (isVacant(slot) || !slot.topic.startsWith(prefix)) continue;
      if (patternsOverlap(pattern.segments, topicToSegments(slot.topic))) collect(slot, found);
    }
  }

  #addExact(topic: string, value: T): boolean {
    const slot = this.#slots.get(topic);
    const single = this.#singles.get(topic);
    if (slot === undefined && single === undefined) {
      this.#singles.set(topic, value);
      this.#exacts += 1;
      return true;
    }
    const place = slot ?? this.#openSlot(topic);
    if (place === undefined || !addTo(place, value)) return false;
    place.generation = 0;
    this.#exacts += 1;
    return true;
  }

  #removeExact(topic: string, value: T): boolean {
    if (this.#singles.get(topic) === value) {
      this.#singles.delete(topic);
      this.#exacts -= 1;
      return true;
    }
    const slot = this.#slots.get(topic);
    if (slot === undefined || !removeFrom(slot, value)) return false;
    slot.generation = 0;
    // A slot that is in the cache as well stays there; its turn to be evicted comes.
    if (isVacant(slot) && !slot.cached) this.#drop(slot);
    this.#exacts -= 1;
    return true;
  }

  /** Gives a single value a slot; `undefined` when there is none. */
  #openSlot(topic: string): Slot<T, M> | undefined {
    const single = this.#singles.size === 0 ? undefined : this.#singles.get(topic);
    if (single === undefined) return undefined;
    this.#singles.delete(topic);
    const slot = createSlot<T, M>(topic, this.#none);
    slot.one = single;
    this.#slots.set(topic, slot);
    return slot;
  }

  #findCold(spelling: string): TopicMatch<M> {
    const topic = normalizeTopic(spelling);
    const slot = this.#slots.get(topic) ?? this.#openSlot(topic);
    if (slot !== undefined) {
      if (this.#spellings.size >= this.#cacheMax) this.#spellings.clear();
      if (this.#cacheMax > 0) this.#spellings.set(spelling, slot);
      return slot.generation === this.#generation ? slot : this.#refresh(slot);
    }
    const match = this.#match(topic, undefined);
    if (this.#cacheMax === 0 || !this.#isRepeated(topic)) return { topic, match };
    const fresh = createSlot<T, M>(topic, match);
    fresh.generation = this.#generation;
    this.#admit(fresh);
    return fresh;
  }

  /** A slot that is gone is never current again, whoever still has it by another spelling. */
  #drop(slot: Slot<T, M>): void {
    slot.generation = 0;
    this.#slots.delete(slot.topic);
  }

  #refresh(slot: Slot<T, M>): Slot<T, M> {
    slot.match = this.#match(slot.topic, slot);
    slot.generation = this.#generation;
    return slot;
  }

  #match(topic: string, slot: Slot<T, M> | undefined): M {
    const places = this.#places;
    // Left by a `build` that threw.
    places.length = 0;
    if (this.#wildcards > 0) walkTopic(this.#root, topic, 1, places);
    const first = places[0];
    const match =
      places.length === 1 && first !== undefined && (slot === undefined || isVacant(slot))
        ? this.#matchOf(first, topic)
        : this.#matchAll(slot, topic);
    places.length = 0;
    return match;
  }

  /** One place alone, with one value as a rule: what that makes of a topic is made once. */
  #matchOf(node: TrieNode<T, M>, topic: string): M {
    const { one } = node;
    if (one === undefined || !this.#isSame(one)) return this.#matchAll(undefined, topic);
    if (node.kept === undefined || node.keptAt !== this.#generation) {
      node.kept = this.#build([one], topic);
      node.keptAt = this.#generation;
    }
    return node.kept;
  }

  #matchAll(slot: Slot<T, M> | undefined, topic: string): M {
    const found = new Set<T>();
    if (slot !== undefined) collect(slot, found);
    for (const place of this.#places) collect(place, found);
    return found.size === 0 ? this.#none : this.#build([...found], topic);
  }

  /** True when the topic was asked for before, as far as a small table of hashes remembers. */
  #isRepeated(topic: string): boolean {
    const hash = hashText(topic);
    const at = hash & (doorkeeperSize - 1);
    if (this.#seen[at] === hash) return true;
    this.#seen[at] = hash;
    return false;
  }

  #admit(slot: Slot<T, M>): void {
    slot.cached = true;
    this.#slots.set(slot.topic, slot);
    if (this.#cached.length < this.#cacheMax) {
      this.#cached.push(slot);
      return;
    }
    const old = this.#cached[this.#evictAt];
    this.#cached[this.#evictAt] = slot;
    this.#evictAt = (this.#evictAt + 1) % this.#cacheMax;
    if (old === undefined) return;
    old.cached = false;
    if (isVacant(old)) this.#drop(old);
  }
}

/** How a trie keeps matches. */
export interface TopicTrieOptions<T> {
  /** Topics whose match is kept. @defaultValue 65536 */
  readonly cacheMax?: number;
  /** True when `build` makes the same of this value alone whatever the topic. @defaultValue never */
  readonly isSame?: (value: T) => boolean;
}

function never(): boolean {
  return false;
}

/** What a topic matched. */
export interface TopicMatch<M> {
  /** The topic in its normal form. */
  readonly topic: string;
  readonly match: M;
}

interface Slot<T, M> extends Place<T> {
  readonly topic: string;
  match: M;
  /** The trie's generation that `match` was made in; 0 is never current. */
  generation: number;
  cached: boolean;
}

/** Topics remembered as seen once: 64 KiB, enough that a topic repeated within some ten thousand others is noticed. */
const doorkeeperSize = 16_384;

function createSlot<T, M>(topic: string, match: M): Slot<T, M> {
  return { topic, match, generation: 0, cached: false, one: undefined, many: undefined };
}

function literalPrefix(pattern: TopicPattern): string {
  let prefix = '';
  for (const segment of pattern.segments) {
    if (segment === '*' || segment === '**') break;
    prefix += `/${segment}`;
  }
  return prefix;
}
