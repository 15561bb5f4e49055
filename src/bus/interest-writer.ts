import type { Clock } from '../core/clock.js';
import { hashText } from '../core/hash.js';
import {
  bucketOf,
  interestKeyToText,
  writeHashes,
  writeLaneInterest,
  writePatternInterest,
  type GroupInterest,
  type InterestKey,
} from '../protocol/bus/interest-row.js';
import type { GroupStrategy } from '../spi/bus.js';
import type { SharedTable } from '../spi/tables.js';
import { hasOwnLane, laneBatchMax, type ResolvedSubscribeOptions } from './subscribe-options.js';
import { captureIndexOf, type Wanted } from './wanted.js';

/** A subscription or responder, as far as peers must know it. */
export interface Wanting {
  readonly options: ResolvedSubscribeOptions;
  readonly order: number;
  readonly wanted: Wanted;
}

/**
 * Keeps this node's rows of the interest table true to what its subscriptions want, at the end of each turn, and as few as it can:
 * one row a pattern however many want it, one set of hashes for the values of `only`, and for exact topics, once they are many,
 * a thousand buckets of hashes in place of a row each.
 */
export class InterestWriter {
  readonly #table: SharedTable;
  readonly #clock: Clock;
  readonly #exactRowsMax: number;
  /** Claims by sets of values, as they were read: the sets are their owners'. All others follow from what is wanted. */
  readonly #held = new Map<Wanting, readonly Claim[]>();
  readonly #patterns = new Map<string, PatternClaims>();
  /** Of each row of hashes how many want each; the hashes as signed numbers, which need no memory of their own. */
  readonly #sets = new Map<string, Map<number, number>>();
  /** Of each exact topic how many want it, while they have rows of their own. */
  readonly #exact = new Map<string, number>();
  readonly #lanes = new Map<string, Wanting>();
  readonly #written = new Set<string>();
  readonly #dirty = new Set<string>();
  #isHashed = false;
  #isWithdrawn = false;
  #isFlushing = false;

  constructor(table: SharedTable, clock: Clock, exactRowsMax: number) {
    this.#table = table;
    this.#clock = clock;
    this.#exactRowsMax = exactRowsMax;
  }

  /** Takes in what a subscription wants now, in place of what it wanted `before`. */
  put(part: Wanting, kind: Wants, before?: Wanted): void {
    const old = this.#held.get(part) ?? (before === undefined ? noClaims : claimsOf(part, kind, before));
    const claims = claimsOf(part, kind, part.wanted);
    if (part.wanted.only === undefined) this.#held.delete(part);
    else this.#held.set(part, claims);
    // Peers see the difference only: rows are written at the end of the turn.
    for (const claim of old) this.#change(claim, part, -1);
    for (const claim of claims) this.#change(claim, part, 1);
    this.#flushLater();
  }

  /** Takes back what was put. */
  remove(part: Wanting, kind: Wants): void {
    const claims = this.#held.get(part) ?? claimsOf(part, kind, part.wanted);
    this.#held.delete(part);
    for (const claim of claims) this.#change(claim, part, -1);
    this.#flushLater();
  }

  /** Takes every row back, for good: this node is about to stop. */
  withdraw(): void {
    this.#isWithdrawn = true;
    for (const key of this.#written) this.#table.remove(key);
    this.#written.clear();
  }

  /** Writes what changed now; returns the revision that has it. */
  flush(): number {
    if (!this.#isWithdrawn) {
      for (const key of this.#dirty) this.#write(key);
    }
    this.#dirty.clear();
    return this.#table.revision;
  }

  #change(claim: Claim, part: Wanting, by: 1 | -1): void {
    switch (claim.kind) {
      case 'lane':
        this.#changeLane(claim.lane, part, by);
        return;
      case 'exact':
        this.#changeExact(claim.topic, by);
        return;
      case 'values':
        for (const hash of claim.hashes) {
          const { index, pattern } = claim;
          this.#changeHash({ kind: 'indexed', bucket: bucketOf(hash), index, pattern }, hash, by);
        }
        return;
      case 'pattern':
        this.#changePattern(interestKeyToText(claim.row), part, by);
    }
  }

  #changeLane(lane: string, part: Wanting, by: 1 | -1): void {
    if (by > 0) this.#lanes.set(lane, part);
    else this.#lanes.delete(lane);
    this.#dirty.add(interestKeyToText({ kind: part.options.group === undefined ? 'lane' : 'member', lane }));
  }

  #changeExact(topic: string, by: 1 | -1): void {
    if (this.#isHashed) {
      this.#hashExact(topic, by);
      return;
    }
    const count = (this.#exact.get(topic) ?? 0) + by;
    if (count > 0) this.#exact.set(topic, count);
    else this.#exact.delete(topic);
    this.#dirty.add(interestKeyToText({ kind: 'events', pattern: topic }));
    if (this.#exact.size > this.#exactRowsMax) this.#beginHashing();
  }

  #beginHashing(): void {
    this.#isHashed = true;
    for (const [topic, count] of this.#exact) {
      this.#hashExact(topic, count);
      this.#dirty.add(interestKeyToText({ kind: 'events', pattern: topic }));
    }
    this.#exact.clear();
  }

  #hashExact(topic: string, by: number): void {
    const hash = hashText(topic);
    this.#changeHash({ kind: 'hashed', bucket: bucketOf(hash) }, hash, by);
  }

  #changeHash(row: InterestKey, hash: number, by: number): void {
    const key = interestKeyToText(row);
    const set = this.#sets.get(key) ?? new Map<number, number>();
    const before = set.get(hash | 0) ?? 0;
    const count = before + by;
    if (count > 0) set.set(hash | 0, count);
    else set.delete(hash | 0);
    if (before > 0 && count > 0) return;
    if (set.size > 0) this.#sets.set(key, set);
    else this.#sets.delete(key);
    this.#dirty.add(key);
  }

  #changePattern(key: string, part: Wanting, by: 1 | -1): void {
    const claims = this.#patterns.get(key) ?? { plain: 0, groups: new Map() };
    const { group } = part.options;
    if (group === undefined) claims.plain += by;
    else changeGroup(claims.groups, group, part.order, by);
    if (claims.plain > 0 || claims.groups.size > 0) this.#patterns.set(key, claims);
    else this.#patterns.delete(key);
    this.#dirty.add(key);
  }

  #flushLater(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    this.#clock.afterTurn(() => {
      this.#isFlushing = false;
      this.flush();
    });
  }

  #write(key: string): void {
    const value = this.#valueOf(key);
    if (value === undefined) {
      if (this.#written.delete(key)) this.#table.remove(key);
      return;
    }
    this.#written.add(key);
    this.#table.set(key, value);
  }

  #valueOf(key: string): Uint8Array | undefined {
    const rest = key.slice(2);
    const set = this.#sets.get(key);
    if (set !== undefined) return writeHashes(Array.from(set.keys(), (hash) => hash >>> 0));
    if (key.startsWith('b ') || key.startsWith('m ')) {
      const part = this.#lanes.get(rest);
      if (part === undefined) return undefined;
      const patterns = part.wanted.patterns.map(({ text }) => text);
      const { group } = part.options;
      const interest = { patterns, batchMax: laneBatchMax(part.options) };
      return writeLaneInterest(group === undefined ? interest : { ...interest, group: group.name });
    }
    const claims = this.#patterns.get(key);
    const isExact = key.startsWith('e ') && !this.#isHashed && this.#exact.has(rest);
    if (claims === undefined) return isExact ? writePatternInterest({ plain: 1, groups: [] }) : undefined;
    const plain = isExact || claims.plain > 0 ? 1 : 0;
    return writePatternInterest({ plain, groups: Array.from(claims.groups, toGroupInterest) });
  }
}

/** What a part wants: events, or requests to answer. */
export type Wants = 'events' | 'requests';

function claimsOf({ options, order }: Wanting, kind: Wants, wanted: Wanted): readonly Claim[] {
  const claims: Claim[] = [];
  if (kind === 'events' && hasOwnLane(options)) {
    claims.push({ kind: 'lane', lane: String(order) });
    if (options.group === undefined) return claims;
  }
  for (const pattern of wanted.patterns) {
    const isPlain = kind === 'events' && options.group === undefined;
    if (isPlain && wanted.only !== undefined) {
      const index = captureIndexOf(pattern, wanted.only.capture);
      const hashes = Array.from(wanted.only.values, (value) => hashText(value));
      claims.push({ kind: 'values', pattern: pattern.text, index, hashes });
    } else if (isPlain && pattern.exact) {
      claims.push({ kind: 'exact', topic: pattern.text });
    } else {
      claims.push({ kind: 'pattern', row: { kind, pattern: pattern.text } });
    }
  }
  return claims;
}

const noClaims: readonly Claim[] = [];

type Claim =
  | { readonly kind: 'lane'; readonly lane: string }
  | { readonly kind: 'exact'; readonly topic: string }
  | {
      readonly kind: 'values';
      readonly pattern: string;
      readonly index: number;
      readonly hashes: readonly number[];
    }
  | { readonly kind: 'pattern'; readonly row: InterestKey };

interface PatternClaims {
  plain: number;
  readonly groups: Map<string, GroupClaims>;
}

interface GroupClaims {
  readonly strategy: GroupStrategy;
  readonly orders: Set<number>;
}

function changeGroup(
  groups: Map<string, GroupClaims>,
  group: { readonly name: string; readonly strategy: GroupStrategy },
  order: number,
  by: 1 | -1,
): void {
  const claims = groups.get(group.name) ?? { strategy: group.strategy, orders: new Set() };
  if (by > 0) claims.orders.add(order);
  else claims.orders.delete(order);
  if (claims.orders.size > 0) groups.set(group.name, claims);
  else groups.delete(group.name);
}

function toGroupInterest([name, claims]: readonly [string, GroupClaims]): GroupInterest {
  let order = Number.MAX_SAFE_INTEGER;
  for (const other of claims.orders) order = Math.min(order, other);
  return { name, strategy: claims.strategy, order, members: claims.orders.size };
}
