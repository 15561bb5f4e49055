import { after, type MonotonicMs } from '../../core/clock.js';
import type { Random } from '../../core/random.js';
import { jitterMs } from '../../core/random.js';
import type { SwimParts } from './parts.js';

/**
 * When to try whom of those that were lost. Partitions heal only if somebody tries, and it must not matter how long ago they were lost;
 * so the cluster as a whole tries about once in `reconnectPeriodMs` (three times that when the loss is long ago), and each node
 * takes its share. Addresses are kept beyond the tombstones, the oldest give way when there are too many.
 */
export class Reconnect {
  readonly #parts: SwimParts;
  readonly #random: Random;
  readonly #lost = new Map<string, MonotonicMs>();
  #nextAt: MonotonicMs;

  constructor(parts: SwimParts, now: MonotonicMs) {
    this.#parts = parts;
    this.#random = parts.random.fork('reconnect');
    this.#nextAt = now;
  }

  get nextAt(): number {
    return this.#lost.size === 0 ? Number.POSITIVE_INFINITY : this.#nextAt;
  }

  /** A member failed: its address may answer again one day. */
  lost(now: MonotonicMs, address: string): void {
    const { reconnectMax } = this.#parts.options;
    if (reconnectMax === 0) return;
    this.#lost.delete(address);
    if (this.#lost.size >= reconnectMax) {
      for (const oldest of this.#lost.keys()) {
        this.#lost.delete(oldest);
        break;
      }
    }
    if (this.#lost.size === 0) this.#nextAt = after(now, this.#waitMs(0));
    this.#lost.set(address, now);
  }

  /** Somebody is at this address again, or left it for good. */
  found(address: string): void {
    this.#lost.delete(address);
  }

  /** The address to try now, if it is time. */
  tick(now: MonotonicMs): string | undefined {
    if (now < this.nextAt) return undefined;
    let index = this.#random.below(this.#lost.size);
    for (const [address, at] of this.#lost) {
      if (index > 0) {
        index -= 1;
        continue;
      }
      this.#nextAt = after(now, this.#waitMs(now - at));
      this.#parts.counts['reconnect-tried'] += 1;
      return address;
    }
    return undefined;
  }

  #waitMs(ageMs: number): number {
    const { options, table } = this.#parts;
    const decay = 1 + 2 * Math.min(1, ageMs / decayMs);
    const shareMs = options.reconnectPeriodMs * table.liveCount * decay;
    const leastMs = options.reconnectPeriodMs * leastPeriods;
    return jitterMs(this.#random, Math.max(leastMs, Math.min(shareMs, longestMs)), 0.25);
  }
}

/** After this long a lost member is tried a third as often. */
const decayMs = 600_000;
/** Alone, a node tries every few periods only. */
const leastPeriods = 3;
const longestMs = 300_000;
