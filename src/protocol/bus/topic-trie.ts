import { hashText } from '../../core/hash.js';
import { normalizeTopic, topicToSegments, type TopicPattern } from '../../core/topic.js';
import { patternsOverlap } from './pattern-overlap.js';

/**
 * Which values want a topic. Exact topics are slots of one map; patterns with wildcards are a trie over segments. What a topic
 * matched is kept with its slot and is good until a wildcard changes (one generation for all) or its own exact set does. Topics
 * nobody asked for by name get a slot only when they come a second time, so a flood of unique topics cannot wash the cache out.
 * Results equal the textbook matcher (`matchesSegments`), and each value is there once however many of its patterns match.
 */
export class TopicTrie<T extends object, M> {
  readonly #build: (values: readonly T[], topic: string | undefined) => M;
  readonly #cacheMax: number;
  /** What nothing matches; shared by all topics that nobody wants. */
  readonly #none: M;
  readonly #slots = new Map<string, Slot<T, M>>();
  /** Exact topics that one value wants and nobody has asked for yet: of a million most are, and need no slot. */
  readonly #singles = new Map<string, T>();
  readonly #root: TrieNode<T> = createNode();
  readonly #leaves = new Set<TrieNode<T>>();
  readonly #cached: Slot<T, M>[] = [];
  /** Slots by topics as callers write them, which need not be the normal form; emptied when there are too many. */
  readonly #spellings = new Map<string, Slot<T, M>>();
  readonly #seen = new Uint32Array(doorkeeperSize);
  #evictAt = 0;
  #wildcards = 0;
  #exacts = 0;
  #generation = 1;

  /**
   * `build` turns the matching values of a topic into what `find` returns; it is called once for each change, not each event.
   * For a broadcast there is no one topic.
   */
  constructor(build: (values: readonly T[], topic: string | undefined) => M, cacheMax = 65_536) {
    this.#build = build;
    this.#cacheMax = cacheMax;
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
    const path: TrieNode<T>[] = [this.#root];
    let node: TrieNode<T> | undefined = this.#root;
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
    const single = this.#singles.get(topic);
    if (single === undefined) return undefined;
    this.#singles.delete(topic);
    const slot = createSlot<T, M>(topic, this.#none);
    slot.one = single;
    this.#slots.set(topic, slot);
    return slot;
  }

  #findCold(spelling: string): TopicMatch<M> {
    const known = this.#slots.get(spelling);
    const topic = known?.topic ?? normalizeTopic(spelling);
    const slot = known ?? this.#slots.get(topic) ?? this.#openSlot(topic);
    if (slot !== undefined) {
      if (this.#spellings.size >= this.#cacheMax) this.#spellings.clear();
      if (this.#cacheMax > 0) this.#spellings.set(spelling, slot);
      return slot.generation === this.#generation ? slot : this.#refresh(slot);
    }
    const fresh = createSlot<T, M>(topic, this.#match(topic, undefined));
    fresh.generation = this.#generation;
    if (this.#cacheMax > 0 && this.#isRepeated(topic)) this.#admit(fresh);
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
    const found = new Set<T>();
    if (slot !== undefined) collect(slot, found);
    if (this.#wildcards > 0) walk(this.#root, topicToSegments(topic), 0, found);
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

/** What a topic matched. */
export interface TopicMatch<M> {
  /** The topic in its normal form. */
  readonly topic: string;
  readonly match: M;
}

/** Values at one place: most places hold one, so a set is made for the second only. */
interface Place<T> {
  one: T | undefined;
  many: Set<T> | undefined;
}

interface Slot<T, M> extends Place<T> {
  readonly topic: string;
  match: M;
  /** The trie's generation that `match` was made in; 0 is never current. */
  generation: number;
  cached: boolean;
}

interface TrieNode<T> extends Place<T> {
  literals: Map<string, TrieNode<T>> | undefined;
  star: TrieNode<T> | undefined;
  doubleStar: TrieNode<T> | undefined;
  pattern: TopicPattern | undefined;
}

/** Topics remembered as seen once: 64 KiB, enough that a topic repeated within some ten thousand others is noticed. */
const doorkeeperSize = 16_384;

function createSlot<T, M>(topic: string, match: M): Slot<T, M> {
  return { topic, match, generation: 0, cached: false, one: undefined, many: undefined };
}

function createNode<T>(): TrieNode<T> {
  return {
    literals: undefined,
    star: undefined,
    doubleStar: undefined,
    pattern: undefined,
    one: undefined,
    many: undefined,
  };
}

function walk<T>(node: TrieNode<T>, segments: readonly string[], at: number, found: Set<T>): void {
  const double = node.doubleStar;
  if (double !== undefined) {
    collect(double, found);
    // Nothing after the ** : it takes every rest, and there is nothing to try at each depth.
    if (double.literals !== undefined || double.star !== undefined || double.doubleStar !== undefined) {
      for (let skip = at; skip <= segments.length; skip += 1) walkBelow(double, segments, skip, found);
    }
  }
  walkBelow(node, segments, at, found);
}

/** Tries the children of a node that take exactly one segment, or the end. */
function walkBelow<T>(node: TrieNode<T>, segments: readonly string[], at: number, found: Set<T>): void {
  const segment = segments[at];
  if (segment === undefined) return;
  const literal = node.literals?.get(segment);
  if (literal !== undefined) step(literal, segments, at + 1, found);
  if (node.star !== undefined) step(node.star, segments, at + 1, found);
}

function step<T>(node: TrieNode<T>, segments: readonly string[], at: number, found: Set<T>): void {
  if (at === segments.length) collect(node, found);
  walk(node, segments, at, found);
}

function childOf<T>(node: TrieNode<T>, segment: string): TrieNode<T> {
  if (segment === '*') return (node.star ??= createNode());
  if (segment === '**') return (node.doubleStar ??= createNode());
  node.literals ??= new Map();
  let child = node.literals.get(segment);
  if (child === undefined) node.literals.set(segment, (child = createNode()));
  return child;
}

function findChild<T>(node: TrieNode<T>, segment: string): TrieNode<T> | undefined {
  if (segment === '*') return node.star;
  if (segment === '**') return node.doubleStar;
  return node.literals?.get(segment);
}

/** Drops what a removal left empty, from the end of the path upwards. */
function prune<T>(path: readonly TrieNode<T>[], segments: readonly string[]): void {
  for (let depth = path.length - 1; depth > 0; depth -= 1) {
    const node = path[depth];
    const parent = path[depth - 1];
    const segment = segments[depth - 1];
    if (node === undefined || parent === undefined || segment === undefined) return;
    if (!isVacant(node) || node.star !== undefined || node.doubleStar !== undefined) return;
    if (node.literals !== undefined && node.literals.size > 0) return;
    if (segment === '*') parent.star = undefined;
    else if (segment === '**') parent.doubleStar = undefined;
    else parent.literals?.delete(segment);
  }
}

function addTo<T>(place: Place<T>, value: T): boolean {
  if (place.many !== undefined) {
    if (place.many.has(value)) return false;
    place.many.add(value);
  } else if (place.one === undefined) {
    place.one = value;
  } else {
    if (place.one === value) return false;
    place.many = new Set([place.one, value]);
    place.one = undefined;
  }
  return true;
}

function removeFrom<T>(place: Place<T>, value: T): boolean {
  if (place.many !== undefined) {
    const had = place.many.delete(value);
    if (place.many.size === 0) place.many = undefined;
    return had;
  }
  if (place.one !== value) return false;
  place.one = undefined;
  return true;
}

function isVacant<T>(place: Place<T>): boolean {
  return place.one === undefined && place.many === undefined;
}

function collect<T>(place: Place<T>, found: Set<T>): void {
  if (place.one !== undefined) found.add(place.one);
  else if (place.many !== undefined) for (const value of place.many) found.add(value);
}

function literalPrefix(pattern: TopicPattern): string {
  let prefix = '';
  for (const segment of pattern.segments) {
    if (segment === '*' || segment === '**') break;
    prefix += `/${segment}`;
  }
  return prefix;
}
