import type { Rest } from './topic-rest.js';
import { takesRest } from './topic-rest.js';
import type { TopicScan } from './topic-scan.js';

/**
 * The trie over segments of patterns with wildcards. Where a pattern is alone, the rest of it hangs as one leaf, so most patterns
 * are one node; most places hold one value, which is kept without a set. A look-up is a few cache misses, and so are a map's.
 */
export interface TrieNode<T> extends Place<T> {
  /** What the patterns of the values here have after this node; a node with a rest has nothing below it. */
  rest: Rest | undefined;
  below: Below<T> | undefined;
}

/** The children of a node. */
interface Below<T> {
  /** The only literal child and its segment, while there is one. */
  segment: string | undefined;
  child: TrieNode<T> | undefined;
  /** All literal children, once there were two. */
  literals: Map<string, TrieNode<T>> | undefined;
  star: TrieNode<T> | undefined;
  doubleStar: TrieNode<T> | undefined;
}

/** Values at one place: most places hold one, so a set is made for the second only. */
export interface Place<T> {
  one: T | undefined;
  many: Set<T> | undefined;
}

/** A node without children and values. */
export function createNode<T>(rest: Rest | undefined): TrieNode<T> {
  return { rest, one: undefined, many: undefined, below: undefined };
}

/**
 * Adds to `found` every place under a node whose patterns take the segments of a topic from `at` on. A place may be found more
 * than once, by different lengths of a `**`.
 */
export function walkTopic<T>(node: TrieNode<T>, topic: TopicScan, at: number, found: TrieNode<T>[]): void {
  if (node.rest !== undefined) {
    if (takesRest(node.rest.segments, 0, topic, at)) found.push(node);
    return;
  }
  if (at === topic.count && !isVacant(node)) found.push(node);
  const { below } = node;
  if (below === undefined) return;
  if (below.doubleStar !== undefined) walkSome(below.doubleStar, topic, at, found);
  if (at < topic.count) walkBelow(below, topic, at, found);
}

/** Behind a `**`, which takes any number of segments. */
function walkSome<T>(node: TrieNode<T>, topic: TopicScan, at: number, found: TrieNode<T>[]): void {
  const { rest, below } = node;
  if (rest === undefined && !isVacant(node)) found.push(node);
  // Nothing after the ** : it takes every rest, and there is nothing to try at each depth.
  if (rest === undefined && below === undefined) return;
  for (let skip = at; skip < topic.count; skip += 1) {
    if (below !== undefined) walkBelow(below, topic, skip, found);
    else if (rest !== undefined && takesRest(rest.segments, 0, topic, skip)) {
      found.push(node);
      return;
    }
  }
}

/** Tries the children that take exactly one segment. */
function walkBelow<T>(below: Below<T>, topic: TopicScan, at: number, found: TrieNode<T>[]): void {
  const { literals, segment, child, star } = below;
  if (literals !== undefined) {
    const literal = literals.get(topic.segment(at));
    if (literal !== undefined) walkTopic(literal, topic, at + 1, found);
  } else if (segment !== undefined && child !== undefined && topic.isSegment(at, segment)) {
    walkTopic(child, topic, at + 1, found);
  }
  if (star !== undefined) walkTopic(star, topic, at + 1, found);
}

/** Adds to `found` every place with values, and tells the segments of its patterns. */
export function visitPlaces<T>(
  node: TrieNode<T>,
  path: string[],
  visit: (place: Place<T>, segments: readonly string[]) => void,
): void {
  if (!isVacant(node)) visit(node, node.rest === undefined ? path : [...path, ...node.rest.segments]);
  if (node.below === undefined) return;
  const enter = (segment: string, child: TrieNode<T>): void => {
    path.push(segment);
    visitPlaces(child, path, visit);
    path.pop();
  };
  const { segment, child, literals, star, doubleStar } = node.below;
  if (segment !== undefined && child !== undefined) enter(segment, child);
  if (literals !== undefined) for (const [text, literal] of literals) enter(text, literal);
  if (star !== undefined) enter('*', star);
  if (doubleStar !== undefined) enter('**', doubleStar);
}

/** Hangs a new node under one that has no child of this segment. */
export function addChild<T>(node: TrieNode<T>, segment: string, child: TrieNode<T>): void {
  const below = (node.below ??= createBelow());
  if (segment === '*') below.star = child;
  else if (segment === '**') below.doubleStar = child;
  else if (below.literals !== undefined) below.literals.set(segment, child);
  else if (below.segment === undefined || below.child === undefined) {
    below.segment = segment;
    below.child = child;
  } else {
    below.literals = new Map([
      [below.segment, below.child],
      [segment, child],
    ]);
    below.segment = undefined;
    below.child = undefined;
  }
}

function createBelow<T>(): Below<T> {
  return { segment: undefined, child: undefined, literals: undefined, star: undefined, doubleStar: undefined };
}

/** The child that a segment of a pattern leads to. */
export function findChild<T>({ below }: TrieNode<T>, segment: string): TrieNode<T> | undefined {
  if (below === undefined) return undefined;
  if (segment === '*') return below.star;
  if (segment === '**') return below.doubleStar;
  if (below.literals !== undefined) return below.literals.get(segment);
  return below.segment === segment ? below.child : undefined;
}

/** Drops what a removal left empty, from the end of the path upwards. */
export function prune<T>(path: readonly TrieNode<T>[], segments: readonly string[]): void {
  for (let depth = path.length - 1; depth > 0; depth -= 1) {
    const node = path[depth];
    const parent = path[depth - 1];
    const segment = segments[depth - 1];
    if (node === undefined || parent === undefined || segment === undefined) return;
    if (!isVacant(node) || node.below !== undefined) return;
    dropChild(parent, segment);
  }
}

function dropChild<T>(node: TrieNode<T>, segment: string): void {
  const { below } = node;
  if (below === undefined) return;
  if (segment === '*') below.star = undefined;
  else if (segment === '**') below.doubleStar = undefined;
  else if (below.literals === undefined) {
    below.segment = undefined;
    below.child = undefined;
  } else {
    below.literals.delete(segment);
    if (below.literals.size === 0) below.literals = undefined;
  }
  const { child, literals, star, doubleStar } = below;
  if (child === undefined && literals === undefined && star === undefined && doubleStar === undefined) {
    node.below = undefined;
  }
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
