import type { MonotonicMs } from '../../core/clock.js';

/**
 * How late members are: how late the loop of one that answered says it was, and how long one under suspicion has been silent. One
 * entry a member at most, and only for those that are late.
 */
export class Lags {
  readonly #late = new Map<number, number>();
  readonly #silent = new Map<number, MonotonicMs>();
  #now: MonotonicMs;

  constructor(now: MonotonicMs) {
    this.#now = now;
  }

  /** Time goes on: silences are measured to here. */
  reach(now: MonotonicMs): void {
    this.#now = now;
  }

  /** Nothing has been heard of a member since then. The first to say so counts. */
  silentFrom(slot: number, from: MonotonicMs): void {
    if (!this.#silent.has(slot)) this.#silent.set(slot, from);
  }

  /** It is heard of again; until it tells how late it was, it was as late as it was silent. */
  heard(slot: number): void {
    const from = this.#silent.get(slot);
    if (from === undefined) return;
    this.#silent.delete(slot);
    this.#late.set(slot, Math.round(this.#now - from));
  }

  /** It answered, and its loop was so late. */
  answered(slot: number, lagMs: number): void {
    if (lagMs > 0) this.#late.set(slot, lagMs);
    else this.#late.delete(slot);
  }

  forget(slot: number): void {
    this.#late.delete(slot);
    this.#silent.delete(slot);
  }

  /** How late it is; 0 when it is on time. */
  find(slot: number): number {
    const from = this.#silent.get(slot);
    return from === undefined ? (this.#late.get(slot) ?? 0) : Math.max(0, Math.round(this.#now - from));
  }
}
