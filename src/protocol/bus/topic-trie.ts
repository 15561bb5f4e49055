import { normalizeTopic, topicToSegments, type TopicPattern } from '../../core/topic.js';
import { patternsOverlap } from './pattern-overlap.js';
import {
  addChild,
  addTo,
  collect,
  createNode,
  findChild,
  isVacant,
  type Place,
  prune,
  removeFrom,
  type TrieNode,
  visitPlaces,
  walkTopic,
} from './topic-node.js';
import { isRest, RestBook } from './topic-rest.js';
import { TopicScan } from './topic-scan.js';

/**
 * Which values want a topic. Exact topics are slots of one map; patterns with wildcards are a trie over segments. What a topic
 * matched is kept with its slot and is good until a wildcard changes (one generation for all) or its own exact set does. Topics
 * nobody asked for by name get a slot only when they come a second time, so a flood of unique topics cannot wash the cache out.
 * Results equal the textbook matcher (`matchesSegments`), and each value is there once however many of its patterns match.
 */
export class TopicTrie<T extends object, M> {
  readonly #build: (values: readonly T[], topic: string | undefined) => M;
  readonly #buildOne: (value: T) => M | undefined;
  readonly #cacheMax: number;
  /** What nothing matches; shared by all topics that nobody wants. */
  readonly #none: M;
  readonly #slots = new Map<string, Slot<T, M>>();
  /** Exact topics that one value wants and nobody has asked for yet: of a million most are, and need no slot. */
  readonly #singles = new Map<string, T>();
  readonly #root: TrieNode<T> = createNode(undefined);
  readonly #rests = new RestBook();
  readonly #cached: Slot<T, M>[] = [];
  /** Slots by topics as callers write them, which need not be the normal form; emptied when there are too many. */
  readonly #spellings = new Map<string, Slot<T, M>>();
  readonly #seen = new Uint32Array(doorkeeperSize);
  readonly #scan = new TopicScan();
  /** Empty but while a topic is matched. */
  readonly #places: TrieNode<T>[] = [];
  #evictAt = 0;
  #wildcards = 0;
  #exacts = 0;
  #generation = 1;

  /**
   * `build` turns the matching values of a topic into what `find` returns; it is called once for each change, not each event.
   * For a broadcast there is no one topic.
   */
  constructor(build: (values: readonly T[], topic: string | undefined) => M, options: TopicTrieOptions<T, M> = {}) {
    this.#build = build;
    this.#buildOne = options.buildOne ?? nothing;
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
    const node = this.#openNode(pattern.segments);
    if (!addTo(node, value)) return false;
    this.#wildcards += 1;
    this.#generation += 1;
    return true;
  }

  /** The node of a pattern; made when there is none. */
  #openNode(segments: readonly string[]): TrieNode<T> {
    let node = this.#root;
    for (let depth = 0; ; depth += 1) {
      if (isRest(node.rest, segments, depth)) return node;
      if (node.rest !== undefined) this.#unfold(node);
      const segment = segments[depth];
      if (segment === undefined) return node;
      let child = findChild(node, segment);
      if (child === undefined) {
        child = createNode(this.#rests.hold(segments, depth + 1));
        addChild(node, segment, child);
        return child;
      }
      node = child;
    }
  }

  /** A pattern that shares only some of a node's rest has come: the values there move one segment down. */
  #unfold(node: TrieNode<T>): void {
    const { rest } = node;
    const segment = rest?.segments[0];
    if (rest === undefined || segment === undefined) return;
    const child = createNode<T>(this.#rests.hold(rest.segments, 1));
    child.one = node.one;
    child.many = node.many;
    node.one = undefined;
    node.many = undefined;
    node.rest = undefined;
    this.#rests.release(rest);
    addChild(node, segment, child);
  }

  /** Removes a pair; false when it was not there. */
  remove(pattern: TopicPattern, value: T): boolean {
    if (pattern.exact) return this.#removeExact(pattern.text, value);
    const { segments } = pattern;
    const path = this.#pathOf(segments);
    const node = path.at(-1);
    if (node === undefined || !removeFrom(node, value)) return false;
    if (isVacant(node)) {
      this.#rests.release(node.rest);
      node.rest = undefined;
      prune(path, segments);
    }
    this.#wildcards -= 1;
    this.#generation += 1;
    return true;
  }

  /** The nodes from the root to that of a pattern; none when it has none. */
  #pathOf(segments: readonly string[]): readonly TrieNode<T>[] {
    const path: TrieNode<T>[] = [this.#root];
    let node = this.#root;
    for (let depth = 0; !isRest(node.rest, segments, depth); depth += 1) {
      const segment = segments[depth];
      const child = segment === undefined ? undefined : findChild(node, segment);
      if (child === undefined) return [];
      path.push(child);
      node = child;
    }
    return path;
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
      visitPlaces(this.#root, [], (place, segments) => {
        if (patternsOverlap(pattern.segments, segments)) collect(place, found);
      });
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
    const scan = this.#scan;
    // Only the refused need the words for why.
    const topic = scan.read(spelling) ? scan.normal : normalizeTopic(spelling);
    const isRepeated = this.#cacheMax > 0 && this.#isRepeated(scan.hash);
    // Who is not wanted by name and comes for the first time has no slot, and the text of a unique topic is never hashed.
    const slot = isRepeated || this.#exacts > 0 ? (this.#slots.get(topic) ?? this.#openSlot(topic)) : undefined;
    if (slot !== undefined) {
      if (this.#spellings.size >= this.#cacheMax) this.#spellings.clear();
      if (this.#cacheMax > 0) this.#spellings.set(spelling, slot);
      return slot.generation === this.#generation ? slot : this.#refresh(slot);
    }
    const match = this.#match(topic, undefined);
    if (!isRepeated) return { topic, match };
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

  /** Of the topic that was scanned last. */
  #match(topic: string, slot: Slot<T, M> | undefined): M {
    const places = this.#places;
    // Left by a `build` that threw.
    while (places.length > 0) places.pop();
    if (this.#wildcards > 0) walkTopic(this.#root, this.#scan, 0, places);
    const first = places[0];
    const isAlone = places.length === 1 && (slot === undefined || isVacant(slot));
    if (!isAlone || first?.one === undefined) return this.#matchAll(slot, topic);
    return this.#buildOne(first.one) ?? this.#matchAll(slot, topic);
  }

  #matchAll(slot: Slot<T, M> | undefined, topic: string): M {
    const found = new Set<T>();
    if (slot !== undefined) collect(slot, found);
    for (const place of this.#places) collect(place, found);
    return found.size === 0 ? this.#none : this.#build([...found], topic);
  }

  /** True when the topic was asked for before, as far as a small table of hashes remembers. */
  #isRepeated(hash: number): boolean {
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
export interface TopicTrieOptions<T, M> {
  /** Topics whose match is kept. @defaultValue 65536 */
  readonly cacheMax?: number;
  /**
   * What `build` makes of this value alone whatever the topic; `undefined` when it depends on the topic, or is no matter for here.
   * Called for each unique topic, so MUST be cheap: to make it again costs less than a look at what was kept. @defaultValue nothing
   */
  readonly buildOne?: (value: T) => M | undefined;
}

function nothing(): undefined {
  return undefined;
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
