import { mixHash } from '../../core/hash.js';
import type { Random } from '../../core/random.js';

/**
 * Visits every slot once a round, in an order that differs from node to node and from round to round (SWIM, section 4.3). Instead of
 * a shuffled list it walks a keyed permutation (a four-round Feistel network over the next even power of two), so a round costs no
 * memory, and a member that joins in the middle has a random place in it without being inserted.
 */
export class ProbeOrder {
  readonly #random: Random;
  #bits = 2;
  #key = 0;
  #at = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** The next slot below `capacity` that `isWanted`, or -1 when a whole round has none. */
  next(capacity: number, isWanted: (slot: number) => boolean): number {
    if (capacity === 0) return -1;
    if (1 << this.#bits < capacity || this.#key === 0) this.#begin(capacity);
    // The rest of this round and one whole round more see every slot.
    for (let left = 2 << this.#bits; left > 0; left -= 1) {
      if (this.#at >= 1 << this.#bits) this.#begin(capacity);
      const slot = permute(this.#at++, this.#bits, this.#key);
      if (slot < capacity && isWanted(slot)) return slot;
    }
    return -1;
  }

  #begin(capacity: number): void {
    while (1 << this.#bits < capacity) this.#bits += 2;
    this.#key = this.#random.below(0xffff_fffe) + 1;
    this.#at = 0;
  }
}

/** A bijection on [0, 2^bits); `bits` is even. */
export function permute(value: number, bits: number, key: number): number {
  const half = bits / 2;
  const mask = (1 << half) - 1;
  let left = value >>> half;
  let right = value & mask;
  for (let round = 0; round < 4; round += 1) {
    const next = left ^ (mixHash((key + Math.imul(round, 0x9e3779b9)) ^ right) & mask);
    left = right;
    right = next;
  }
  return (left << half) | right;
}

/**
 * Writes up to `count` distinct slots that `isWanted` into `into`, each equally likely, and returns how many. It draws and rejects,
 * and takes a scan from a random place when the wanted ones are rare.
 */
export function pickSlots(
  random: Random,
  from: { readonly capacity: number; readonly count: number },
  isWanted: (slot: number) => boolean,
  into: number[],
): number {
  into.length = 0;
  if (from.capacity === 0) return 0;
  for (let draws = from.count * 8; draws > 0 && into.length < from.count; draws -= 1) {
    const slot = random.below(from.capacity);
    if (!into.includes(slot) && isWanted(slot)) into.push(slot);
  }
  const start = random.below(from.capacity);
  for (let step = 0; step < from.capacity && into.length < from.count; step += 1) {
    const slot = (start + step) % from.capacity;
    if (!into.includes(slot) && isWanted(slot)) into.push(slot);
  }
  return into.length;
}
