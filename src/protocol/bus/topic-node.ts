import type { TopicPattern } from '../../core/topic.js';

/**
 * The trie over segments of patterns with wildcards. Most nodes have one child and most ends one value, and each is kept without a
 * map or a set: those cost more memory than the rest of a subscription, and a look-up in one is a few cache misses.
 */
export interface TrieNode<T, M> extends Place<T> {
  /** The only literal child and its segment, while there is one. */
  segment: string | undefined;
  child: TrieNode<T, M> | undefined;
  /** All literal children, once there were two. */
  literals: Map<string, TrieNode<T, M>> | undefined;
  star: TrieNode<T, M> | undefined;
  doubleStar: TrieNode<T, M> | undefined;
  pattern: TopicPattern | undefined;
  /** What the one value here makes of any topic that nothing else matches; of the trie's generation `keptAt`. */
  kept: M | undefined;
  keptAt: number;
}

/** Values at one place: most places hold one, so a set is made for the second only. */
export interface Place<T> {
  one: T | undefined;
  many: Set<T> | undefined;
}

/** A node without children and values. */
export function createNode<T, M>(): TrieNode<T, M> {
  return {
    one: undefined,
    many: undefined,
    segment: undefined,
    child: undefined,
    literals: undefined,
    star: undefined,
    doubleStar: undefined,
    pattern: undefined,
    kept: undefined,
    keptAt: 0,
  };
}

/**
 * Adds to `found` every place under a node whose patterns take the topic from `at` on, which is where a segment begins, or one
 * behind the end. A place may be found more than once, by different lengths of a `**`. The topic is in normal form.
 */
export function walkTopic<T, M>(node: TrieNode<T, M>, topic: string, at: number, found: TrieNode<T, M>[]): void {
  const double = node.doubleStar;
  if (double !== undefined) {
    if (!isVacant(double)) found.push(double);
    // Nothing after the ** : it takes every rest, and there is nothing to try at each depth.
    if (hasChildren(double)) {
      for (let skip = at; skip <= topic.length; skip = segmentEnd(topic, skip) + 1) {
        walkBelow(double, topic, skip, found);
      }
    }
  }
  walkBelow(node, topic, at, found);
}

/** Tries the children of a node that take exactly one segment. */
function walkBelow<T, M>(node: TrieNode<T, M>, topic: string, at: number, found: TrieNode<T, M>[]): void {
  if (at > topic.length) return;
  const end = segmentEnd(topic, at);
  const literal = literalOf(node, topic, at, end);
  if (literal !== undefined) step(literal, topic, end + 1, found);
  if (node.star !== undefined) step(node.star, topic, end + 1, found);
}

function step<T, M>(node: TrieNode<T, M>, topic: string, at: number, found: TrieNode<T, M>[]): void {
  if (at > topic.length && !isVacant(node)) found.push(node);
  walkTopic(node, topic, at, found);
}

function segmentEnd(topic: string, at: number): number {
  const end = topic.indexOf('/', at);
  return end < 0 ? topic.length : end;
}

function literalOf<T, M>(node: TrieNode<T, M>, topic: string, at: number, end: number): TrieNode<T, M> | undefined {
  if (node.literals !== undefined) return node.literals.get(topic.slice(at, end));
  const { segment } = node;
  if (segment === undefined || segment.length !== end - at) return undefined;
  return topic.startsWith(segment, at) ? node.child : undefined;
}

/** The child that a segment of a pattern leads to; made when there is none. */
export function childOf<T, M>(node: TrieNode<T, M>, segment: string): TrieNode<T, M> {
  if (segment === '*') return (node.star ??= createNode());
  if (segment === '**') return (node.doubleStar ??= createNode());
  const held = findChild(node, segment);
  if (held !== undefined) return held;
  const child = createNode<T, M>();
  if (node.literals !== undefined) {
    node.literals.set(segment, child);
  } else if (node.segment === undefined || node.child === undefined) {
    node.segment = segment;
    node.child = child;
  } else {
    node.literals = new Map([
      [node.segment, node.child],
      [segment, child],
    ]);
    node.segment = undefined;
    node.child = undefined;
  }
  return child;
}

/** The child that a segment of a pattern leads to. */
export function findChild<T, M>(node: TrieNode<T, M>, segment: string): TrieNode<T, M> | undefined {
  if (segment === '*') return node.star;
  if (segment === '**') return node.doubleStar;
  return node.literals === undefined ? (node.segment === segment ? node.child : undefined) : node.literals.get(segment);
}

/** Drops what a removal left empty, from the end of the path upwards. */
export function prune<T, M>(path: readonly TrieNode<T, M>[], segments: readonly string[]): void {
  for (let depth = path.length - 1; depth > 0; depth -= 1) {
    const node = path[depth];
    const parent = path[depth - 1];
    const segment = segments[depth - 1];
    if (node === undefined || parent === undefined || segment === undefined) return;
    if (!isVacant(node) || hasChildren(node)) return;
    dropChild(parent, segment);
  }
}

function dropChild<T, M>(node: TrieNode<T, M>, segment: string): void {
  if (segment === '*') node.star = undefined;
  else if (segment === '**') node.doubleStar = undefined;
  else if (node.literals === undefined) {
    node.segment = undefined;
    node.child = undefined;
  } else {
    node.literals.delete(segment);
    if (node.literals.size === 0) node.literals = undefined;
  }
}

function hasChildren<T, M>(node: TrieNode<T, M>): boolean {
  return (
    node.child !== undefined || node.literals !== undefined || node.star !== undefined || node.doubleStar !== undefined
  );
}

/** Adds a value; false when it was there. */
export function addTo<T>(place: Place<T>, value: T): boolean {
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

/** Removes a value; false when it was not there. */
export function removeFrom<T>(place: Place<T>, value: T): boolean {
  if (place.many !== undefined) {
    const had = place.many.delete(value);
    if (place.many.size === 0) place.many = undefined;
    return had;
  }
  if (place.one !== value) return false;
  place.one = undefined;
  return true;
}

/** True when no value is there. */
export function isVacant<T>(place: Place<T>): boolean {
  return place.one === undefined && place.many === undefined;
}

/** Adds the values of a place to a set. */
export function collect<T>(place: Place<T>, found: Set<T>): void {
  if (place.one !== undefined) found.add(place.one);
  else if (place.many !== undefined) for (const value of place.many) found.add(value);
}
