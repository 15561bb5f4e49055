import type { Random } from '../../core/random.js';
import { permute } from './probe-order.js';

/**
 * Whom a node tells next: round and round in an order of its own, so that nobody is told twice before everybody was told once. With
 * independent draws each of four tellings to four members misses one of them with 19 in 100, and in a small cluster there are not
 * enough others to make up for it. Among many it spreads news as fast as independent draws do (quasirandom rumour spreading, Doerr,
 * Friedrich and Sauerwald, 2008). Of a member in ten thousand nothing is stored: the order is a keyed permutation of the slots.
 */
export class TellOrder {
  readonly #random: Random;
  #bits = 0;
  #key = 0;
  #at = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Writes the next `count` slots below `capacity` that `isWanted` into `into`, each once, and returns how many there are. */
  pick(
    { capacity, count }: { readonly capacity: number; readonly count: number },
    isWanted: (slot: number) => boolean,
    into: number[],
  ): number {
    into.length = 0;
    if (1 << this.#bits < capacity) this.#widen(capacity);
    const size = 1 << this.#bits;
    for (let step = 0; step < size && into.length < count; step += 1) {
      const slot = permute(this.#at, this.#bits, this.#key);
      this.#at = (this.#at + 1) % size;
      if (slot < capacity && isWanted(slot)) into.push(slot);
    }
    return into.length;
  }

  #widen(capacity: number): void {
    this.#bits = Math.max(2, this.#bits);
    while (1 << this.#bits < capacity) this.#bits += 2;
    this.#key = this.#random.below(0xffff_fffe) + 1;
    this.#at = this.#random.below(1 << this.#bits);
  }
}
