import { ByteReader, ByteWriter } from '../../core/bytes.js';
import { topicAlternativesMax, topicLengthMax } from '../../core/limits.js';
import type { GroupStrategy } from '../../spi/bus.js';

/**
 * Rows of the interest table: what a node wants from its peers. The first letter of a key says which kind of row it is.
 *
 *     e PATTERN            events: how many want them outside groups, and the groups
 *     r PATTERN            requests: the same, for responders
 *     b LANE               a subscription with a lane of its own: its patterns
 *     m LANE               the same for a member of a group, beside the group's own rows; a build that does not know it uses those
 *     x BUCKET INDEX PATTERN   events whose segment INDEX has one of these hashes
 *     h BUCKET             events on topics with one of these hashes: many exact topics as a few rows
 *
 * Hashes are 32 bits: a peer may send one event in some ten thousand that nobody wants, and the receiver, which knows the topics
 * themselves, drops it. Values begin with a version byte; later versions may append fields.
 */
export type InterestKey =
  | { readonly kind: 'events' | 'requests'; readonly pattern: string }
  | { readonly kind: 'lane'; readonly lane: string }
  | { readonly kind: 'member'; readonly lane: string }
  | { readonly kind: 'indexed'; readonly bucket: number; readonly index: number; readonly pattern: string }
  | { readonly kind: 'hashed'; readonly bucket: number };

/** Reads a key; `undefined` for one of a later build. */
export function findInterestKey(key: string): InterestKey | undefined {
  const rest = key.slice(2);
  if (key[1] !== ' ') return undefined;
  const kind = key[0];
  if (kind === 'e') return { kind: 'events', pattern: rest };
  if (kind === 'r') return { kind: 'requests', pattern: rest };
  if (kind === 'b') return { kind: 'lane', lane: rest };
  if (kind === 'm') return { kind: 'member', lane: rest };
  if (kind === 'h') return { kind: 'hashed', bucket: Number(rest) };
  const match = kind === 'x' ? /^(\d{1,4}) (\d{1,2}) (\/.*)$/.exec(rest) : null;
  if (match === null) return undefined;
  return { kind: 'indexed', bucket: Number(match[1]), index: Number(match[2]), pattern: match[3] ?? '' };
}

/** The key of a row. */
export function interestKeyToText(key: InterestKey): string {
  if (key.kind === 'lane') return `b ${key.lane}`;
  if (key.kind === 'member') return `m ${key.lane}`;
  if (key.kind === 'hashed') return `h ${key.bucket}`;
  if (key.kind === 'indexed') return `x ${key.bucket} ${key.index} ${key.pattern}`;
  return key.kind === 'events' ? `e ${key.pattern}` : `r ${key.pattern}`;
}

/** Who wants a pattern at one node. */
export interface PatternInterest {
  /** Subscriptions or responders outside groups. */
  readonly plain: number;
  readonly groups: readonly GroupInterest[];
}

/** One node's members of a group under one pattern. */
export interface GroupInterest {
  readonly name: string;
  readonly strategy: GroupStrategy;
  /** Age of the oldest member. */
  readonly order: number;
  readonly members: number;
}

/** A subscription with a lane of its own. */
export interface LaneInterest {
  readonly patterns: readonly string[];
  /** Events that one item of its lane may carry. */
  readonly batchMax: number;
  /** The group that it is a member of. */
  readonly group?: string;
}

/** Writes an `events` or `requests` row. */
export function writePatternInterest(interest: PatternInterest): Uint8Array {
  const writer = new ByteWriter(32);
  writer.u8(rowVersion);
  writer.varint(interest.plain);
  writer.varint(interest.groups.length);
  for (const { name, strategy, order, members } of interest.groups) {
    writer.text(name);
    writer.u8(strategyCodes.indexOf(strategy));
    writer.varint(order);
    writer.varint(members);
  }
  return writer.take();
}

/** Reads it; `undefined` when malformed. A group with a strategy of a later build is left out. */
export function readPatternInterest(bytes: Uint8Array): PatternInterest | undefined {
  const reader = new ByteReader(bytes);
  if (reader.u8() < rowVersion) return undefined;
  const plain = reader.varint();
  const count = reader.varint();
  const groups: GroupInterest[] = [];
  for (let index = 0; index < count && reader.ok; index += 1) {
    const name = reader.text(nameBytesMax);
    const strategy = strategyCodes[reader.u8()];
    const order = reader.varint();
    const members = reader.varint();
    // Past the end everything reads as 0; the check after the loop refuses the row then.
    if (strategy !== undefined) groups.push({ name, strategy, order, members: Math.max(1, members) });
  }
  return reader.ok ? { plain, groups } : undefined;
}

/** Writes a `lane` or `member` row. */
export function writeLaneInterest(interest: LaneInterest): Uint8Array {
  const writer = new ByteWriter(64);
  writer.u8(rowVersion);
  writer.varint(interest.batchMax);
  writer.varint(interest.patterns.length);
  for (const pattern of interest.patterns) writer.text(pattern);
  if (interest.group !== undefined) writer.text(interest.group);
  return writer.take();
}

/** What is wrong with patterns for one `lane` row: peers would not take it. `undefined` when nothing is. */
export function findLaneFault(patterns: readonly string[], group = ''): string | undefined {
  const { length } = patterns;
  if (length > topicAlternativesMax) return `${length} patterns, and ${topicAlternativesMax} is the most`;
  const bytes = writeLaneInterest({ patterns, batchMax: Number.MAX_SAFE_INTEGER, group }).length;
  return bytes > laneRowBytesMax ? `${bytes} bytes of patterns, and ${laneRowBytesMax} is the most` : undefined;
}

/** Reads it; `undefined` when malformed. */
export function readLaneInterest(bytes: Uint8Array): LaneInterest | undefined {
  const reader = new ByteReader(bytes);
  if (reader.u8() < rowVersion) return undefined;
  const batchMax = reader.varint();
  const count = reader.varint();
  if (count > topicAlternativesMax) return undefined;
  const patterns: string[] = [];
  for (let index = 0; index < count && reader.ok; index += 1) patterns.push(reader.text(topicLengthMax * 3));
  const group = reader.remaining > 0 ? reader.text(nameBytesMax) : '';
  if (!reader.ok || batchMax === 0) return undefined;
  return group === '' ? { patterns, batchMax } : { patterns, batchMax, group };
}

/** Writes a set of hashes: sorted, each as its distance from the one before, 2 to 4 bytes. */
export function writeHashes(hashes: Iterable<number>): Uint8Array {
  const sorted = Uint32Array.from(hashes).toSorted();
  const writer = new ByteWriter(sorted.length * 4 + 8);
  writer.u8(rowVersion);
  writer.varint(sorted.length);
  let last = 0;
  for (const hash of sorted) {
    writer.varint(hash - last);
    last = hash;
  }
  return writer.take();
}

/** Reads it; `undefined` when malformed. */
export function readHashes(bytes: Uint8Array): readonly number[] | undefined {
  const reader = new ByteReader(bytes);
  if (reader.u8() < rowVersion) return undefined;
  const count = reader.varint();
  if (count > reader.remaining) return undefined;
  const hashes: number[] = [];
  let last = 0;
  for (let index = 0; index < count && reader.ok; index += 1) {
    last += reader.varint();
    hashes.push(last);
  }
  return reader.ok && last <= 0xffff_ffff ? hashes : undefined;
}

/** The bucket of a hash, one of 1024 by its upper ten bits, so that one change rewrites a thousandth. */
export function bucketOf(hash: number): number {
  return hash >>> 22;
}

const rowVersion = 1;
const nameBytesMax = 512;

/** Largest value that a table takes, and the peers of one. */
const laneRowBytesMax = 16_384;

/** On the wire a strategy is its place here; new ones are appended. */
const strategyCodes: readonly GroupStrategy[] = ['random', 'local-first', 'oldest', 'hashed', 'least-in-flight'];
