import type { MemberTable } from './member-table.js';

/**
 * The ring of all live members in the order of their names' hashes. Every node has one follower, and so is somebody's follower: who
 * probes its follower at fixed times leaves no member unwatched for longer than that, while choice at random alone leaves one in a
 * hundred alone for 4.6 periods. A follower is looked for again only when the table has changed.
 */
export class Ring {
  readonly #table: MemberTable;
  #follower = -1;
  #hash = -1;

  constructor(table: MemberTable) {
    this.#table = table;
  }

  /** The slot that follows `own`, or -1 when it is alone. */
  follower(own: number): number {
    if (this.#table.hash === this.#hash && this.#follower >= 0 && this.#table.isLive(this.#follower)) {
      return this.#follower;
    }
    this.#hash = this.#table.hash;
    this.#follower = this.#find(own);
    return this.#follower;
  }

  #find(own: number): number {
    const ownHash = this.#table.nameHashOf(own);
    let found = -1;
    let least = Number.POSITIVE_INFINITY;
    for (let slot = 0; slot < this.#table.capacity; slot += 1) {
      if (slot === own || !this.#table.isLive(slot)) continue;
      const distance = (this.#table.nameHashOf(slot) - ownHash) >>> 0;
      if (distance >= least) continue;
      least = distance;
      found = slot;
    }
    return found;
  }
}
