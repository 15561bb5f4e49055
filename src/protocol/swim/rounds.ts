import { after, type MonotonicMs } from '../../core/clock.js';
import type { SwimParts } from './parts.js';

/**
 * When the next gossip round is due: a gossip period after the last while there is fresh news, a probe period after it when there is only
 * news that has been told for a while. Without news there is none.
 */
export class GossipRounds {
  readonly #parts: SwimParts;
  #soonAt: MonotonicMs;
  #lateAt: MonotonicMs;

  constructor(parts: SwimParts, now: MonotonicMs) {
    this.#parts = parts;
    this.#soonAt = now;
    this.#lateAt = now;
  }

  /** When the next one is due; `isHurried` makes all news fresh. */
  nextAt(isHurried: boolean): number {
    const { gossip, spreads } = this.#parts;
    if (gossip.size + spreads.size === 0) return Number.POSITIVE_INFINITY;
    return isHurried || gossip.hasFresh || spreads.hasFresh ? this.#soonAt : this.#lateAt;
  }

  /** One takes place now. Rounds that were missed are dropped. */
  held(now: MonotonicMs): void {
    const { gossipPeriodMs, probePeriodMs } = this.#parts.options;
    const next = after(this.#soonAt, gossipPeriodMs);
    this.#soonAt = next > now ? next : after(now, gossipPeriodMs);
    this.#lateAt = after(now, Math.max(gossipPeriodMs, probePeriodMs));
  }
}
