/** Something that begins and ends. The three fields belong to the list: they start as `undefined`, `undefined`, `false`. */
export interface Live<T> {
  liveNext: T | undefined;
  livePrevious: T | undefined;
  isLive: boolean;
}

/**
 * What runs now, by the thousands and each for a moment, as a list that is threaded through its items. A `Set` costs far more than
 * its two look-ups: each table that it outgrows points to the next one, so that a dead table in the old generation keeps all later
 * ones, and the calls in them, alive through every collection of the young one.
 */
export class LiveList<T extends Live<T>> {
  #first: T | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Adds an item; nothing when it is there. */
  add(item: T): void {
    if (item.isLive) return;
    item.isLive = true;
    item.liveNext = this.#first;
    if (this.#first !== undefined) this.#first.livePrevious = item;
    this.#first = item;
    this.#size += 1;
  }

  /** Takes an item out; nothing when it is not there. */
  delete(item: T): void {
    if (!item.isLive) return;
    const { liveNext, livePrevious } = item;
    if (livePrevious === undefined) this.#first = liveNext;
    else livePrevious.liveNext = liveNext;
    if (liveNext !== undefined) liveNext.livePrevious = livePrevious;
    item.liveNext = undefined;
    item.livePrevious = undefined;
    item.isLive = false;
    this.#size -= 1;
  }

  /** A snapshot, the oldest first. */
  all(): T[] {
    const items: T[] = [];
    for (let item = this.#first; item !== undefined; item = item.liveNext) items.push(item);
    return items.toReversed();
  }
}
