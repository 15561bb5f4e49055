import type { MonotonicMs } from '../../core/clock.js';
import { addHash } from '../../core/hash.js';
import type { MemberStatus } from '../../spi/membership.js';
import type { MemberCatalogue, MemberLife } from './catalogue.js';

/** Leaves of the digest: enough that one differing member of 10,000 drags forty others along, and all fit one datagram. */
export const leafBitsMax = 8;

/**
 * Who is known and how: columns indexed by slot. It also keeps the digest over the members that live (alive or suspect): one XOR of
 * hash(name, epoch, incarnation) for each leaf, and leaves are ranges of the name's hash. Whether a member is suspect is left out of
 * the digest: suspicions end by themselves, and would make every node pull while one is spreading.
 */
export class MemberTable {
  readonly #catalogue: MemberCatalogue;
  readonly #leaves = new Uint32Array(1 << leafBitsMax);
  readonly #goneAt = new Map<number, MonotonicMs>();
  #status = new Uint8Array(16);
  #incarnation = new Uint32Array(16);
  #stated = new Uint32Array(16);
  #life = new Uint32Array(16);
  #hash = 0;
  #live = 0;
  #suspects = 0;

  constructor(catalogue: MemberCatalogue) {
    this.#catalogue = catalogue;
  }

  /** Members that are alive or suspect, this node included. */
  get liveCount(): number {
    return this.#live;
  }

  get suspectCount(): number {
    return this.#suspects;
  }

  /** Tombstones: members that failed or left and are still remembered. */
  get goneCount(): number {
    return this.#goneAt.size;
  }

  /** XOR over the live members; equal tables have equal hashes. */
  get hash(): number {
    return this.#hash;
  }

  /** One more than the largest slot that may be in use. */
  get capacity(): number {
    return Math.min(this.#status.length, this.#catalogue.capacity);
  }

  /** The slot of a known member, or -1. */
  findSlot(name: string): number {
    const slot = this.#catalogue.findSlot(name);
    return slot >= 0 && (this.#status[slot] ?? 0) !== 0 ? slot : -1;
  }

  findStatus(slot: number): MemberStatus | undefined {
    return statusNames[this.#status[slot] ?? 0];
  }

  isLive(slot: number): boolean {
    const code = this.#status[slot] ?? 0;
    return code === aliveCode || code === suspectCode;
  }

  isAlive(slot: number): boolean {
    return this.#status[slot] === aliveCode;
  }

  incarnationOf(slot: number): number {
    return this.#incarnation[slot] ?? 0;
  }

  /**
   * The incarnation in which the member itself said what `lifeOf` gives. A doubt may have raised the other one, and what the member says of
   * itself in that is not known here yet.
   */
  statedOf(slot: number): number {
    return this.#stated[slot] ?? 0;
  }

  lifeOf(slot: number): MemberLife {
    return this.#catalogue.lifeOf(this.#life[slot] ?? 0);
  }

  nameOf(slot: number): string {
    return this.#catalogue.nameOf(slot);
  }

  /** The hash of a member's name, 32 bits. */
  nameHashOf(slot: number): number {
    return this.#catalogue.hashOf(slot);
  }

  /** The leaf that a slot belongs to when there are `1 << bits` leaves. */
  leafOf(slot: number, bits: number): number {
    return bits === 0 ? 0 : this.#catalogue.hashOf(slot) >>> (32 - bits);
  }

  /** When a member was found gone; `undefined` while it lives. */
  findGoneAt(slot: number): MonotonicMs | undefined {
    return this.#goneAt.get(slot);
  }

  /** Slots of all tombstones, the oldest first. */
  goneSlots(): IterableIterator<number> {
    return this.#goneAt.keys();
  }

  /** Writes everything about a member: a new one, a new life, or a change of what it says of itself. Returns its slot. */
  put(life: MemberLife, incarnation: number): number {
    const known = this.findSlot(life.name);
    const slot = known >= 0 ? known : this.#catalogue.retainSlot(life.name);
    this.#reserve(slot);
    if (known >= 0) this.#count(slot, -1);
    const number = this.#catalogue.retainLife(slot, life);
    if (known >= 0) this.#catalogue.releaseLife(this.#life[slot] ?? 0);
    this.#life[slot] = number;
    this.#incarnation[slot] = incarnation;
    this.#stated[slot] = incarnation;
    this.#status[slot] = aliveCode;
    this.#goneAt.delete(slot);
    this.#count(slot, 1);
    return slot;
  }

  /** Changes status and incarnation of a known member. `now` dates a tombstone. */
  mark(slot: number, status: MemberStatus, incarnation: number, now: MonotonicMs): void {
    this.#count(slot, -1);
    this.#status[slot] = statusNames.indexOf(status);
    this.#incarnation[slot] = incarnation;
    this.#count(slot, 1);
    if (this.isLive(slot)) this.#goneAt.delete(slot);
    else if (!this.#goneAt.has(slot)) this.#goneAt.set(slot, now);
  }

  /** Forgets a tombstone. */
  forget(slot: number): void {
    this.#count(slot, -1);
    this.#goneAt.delete(slot);
    this.#catalogue.releaseLife(this.#life[slot] ?? 0);
    this.#status[slot] = 0;
    this.#life[slot] = 0;
    this.#catalogue.releaseSlot(slot);
  }

  /** XOR over the leaf `index` of `1 << bits`. */
  leafHash(index: number, bits: number): number {
    const width = 1 << (leafBitsMax - bits);
    let hash = 0;
    for (let leaf = index * width; leaf < (index + 1) * width; leaf += 1) hash ^= this.#leaves[leaf] ?? 0;
    return hash >>> 0;
  }

  /** Starts as a copy of another table over the same catalogue; for simulations that begin with a settled cluster. */
  copyFrom(other: MemberTable): void {
    this.#status = other.#status.slice();
    this.#incarnation = other.#incarnation.slice();
    this.#stated = other.#stated.slice();
    this.#life = other.#life.slice();
    this.#leaves.set(other.#leaves);
    this.#hash = other.#hash;
    this.#live = other.#live;
    this.#suspects = other.#suspects;
    for (const [slot, at] of other.#goneAt) this.#goneAt.set(slot, at);
    for (let slot = 0; slot < this.#status.length; slot += 1) {
      if ((this.#status[slot] ?? 0) !== 0) this.#catalogue.retainBoth(slot, this.#life[slot] ?? 0);
    }
  }

  /** Counts a live member in (`step` 1) or out (-1); XOR is its own inverse. */
  #count(slot: number, step: 1 | -1): void {
    if (!this.isLive(slot)) return;
    const hash = addHash(addHash(this.#catalogue.hashOf(slot), this.lifeOf(slot).epoch), this.incarnationOf(slot));
    const leaf = this.leafOf(slot, leafBitsMax);
    this.#leaves[leaf] = (this.#leaves[leaf] ?? 0) ^ hash;
    this.#hash = (this.#hash ^ hash) >>> 0;
    this.#live += step;
    if (!this.isAlive(slot)) this.#suspects += step;
  }

  #reserve(slot: number): void {
    if (slot < this.#status.length) return;
    const size = Math.max(slot + 1, this.#status.length * 2);
    this.#status = grow(this.#status, new Uint8Array(size));
    this.#incarnation = grow(this.#incarnation, new Uint32Array(size));
    this.#stated = grow(this.#stated, new Uint32Array(size));
    this.#life = grow(this.#life, new Uint32Array(size));
  }
}

const statusNames: readonly (MemberStatus | undefined)[] = [undefined, 'alive', 'suspect', 'failed', 'left'];
const aliveCode = 1;
const suspectCode = 2;

function grow<T extends Uint8Array | Uint32Array>(from: T, into: T): T {
  into.set(from);
  return into;
}
