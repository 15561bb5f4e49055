import type { MonotonicMs } from '../../core/clock.js';

/**
 * Members that came back in the life in which they had been held for failed: the verdict was wrong, so for ten minutes their
 * suspicions last as long as they may. A member that is cut off again and again is removed once instead of each time; the price is
 * that one which really dies soon after such a return is suspect, though not removed, for that much longer.
 */
export class Returns {
  readonly #at = new Map<number, MonotonicMs>();

  add(now: MonotonicMs, slot: number): void {
    this.#at.delete(slot);
    this.#at.set(slot, now);
  }

  /** Whether it came back a short while ago. */
  isRecent(now: MonotonicMs, slot: number): boolean {
    const at = this.#at.get(slot);
    if (at === undefined) return false;
    if (now - at < recentMs) return true;
    this.#at.delete(slot);
    return false;
  }

  forget(slot: number): void {
    this.#at.delete(slot);
  }
}

/** The length of Rapid's experiments, in which nodes are cut off every forty seconds. */
const recentMs = 600_000;
