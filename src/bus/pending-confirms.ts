import type { Confirming, EventCopy } from './outlet.js';

/** A confirmation that a lane owes; `confirming` is gone once it was settled or nobody waits for it. */
export interface Owed {
  readonly number: number;
  readonly copy: EventCopy;
  confirming: Confirming | undefined;
}

/**
 * The confirmations of one level that a lane owes, in the order of their numbers. An array that is never replaced: a `Map` makes its
 * tables anew by and by, and those it leaves behind keep what they held alive through one collection after the other, which took a
 * third of the publisher's time.
 */
export class PendingConfirms {
  readonly #items: Owed[] = [];
  /** Everything before it is over. */
  #head = 0;
  #size = 0;

  /** Those that are not over. */
  get size(): number {
    return this.#size;
  }

  /** Places that it takes up: a multiple of `size` at most, but for the first few hundred. */
  get placesHeld(): number {
    return this.#items.length;
  }

  /** Adds one; its number MUST be larger than all that are here. */
  push(owed: Owed): void {
    if (this.#items.length >= compactMin && this.#items.length >= this.#size * 2) this.#compact();
    this.#items.push(owed);
    this.#size += 1;
  }

  /** The oldest that is not over. */
  first(): Owed | undefined {
    let owed = this.#items[this.#head];
    while (owed !== undefined && owed.confirming === undefined) {
      this.#head += 1;
      owed = this.#items[this.#head];
    }
    return owed;
  }

  /** The one of a number, unless it is over. */
  find(number: number): Owed | undefined {
    let low = this.#head;
    let high = this.#items.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const owed = this.#items[middle];
      if (owed === undefined) return undefined;
      if (owed.number === number) return owed.confirming === undefined ? undefined : owed;
      if (owed.number < number) low = middle + 1;
      else high = middle - 1;
    }
    return undefined;
  }

  /** Ends one. Returns who waited for it, and `undefined` when it was over before. */
  end(owed: Owed): Confirming | undefined {
    const { confirming } = owed;
    if (confirming === undefined) return undefined;
    owed.confirming = undefined;
    this.#size -= 1;
    return confirming;
  }

  /** Ends all. Returns who waited, and for which copy. */
  takeAll(): readonly (readonly [Confirming, EventCopy])[] {
    const taken: (readonly [Confirming, EventCopy])[] = [];
    for (const owed of this.#items) {
      const confirming = this.end(owed);
      if (confirming !== undefined) taken.push([confirming, owed.copy]);
    }
    this.#items.length = 0;
    this.#head = 0;
    return taken;
  }

  /** In place, so that nothing is left behind. */
  #compact(): void {
    let kept = 0;
    for (let index = this.#head; index < this.#items.length; index += 1) {
      const owed = this.#items[index];
      if (owed?.confirming === undefined) continue;
      this.#items[kept] = owed;
      kept += 1;
    }
    this.#items.length = kept;
    this.#head = 0;
  }
}

/** Fewer are not worth the walk. */
const compactMin = 256;
