import type { Clock, MonotonicMs } from '../../core/clock.js';
import type { RuleMessage, RuleNode } from '../../spi/rule.js';
import type { RuleCounters } from '../rule-counters.js';

/** How a throttle behaves. */
export interface ThrottleOptions {
  /** A key passes at most once in this time; the first at once. */
  readonly everyMs: number;
  /** What is throttled by itself: a device's id, for instance. */
  readonly key: (message: RuleMessage) => string;
  /** Keys remembered; beyond it the key that passed longest ago is forgotten, and may then pass too early. */
  readonly keysMax: number;
}

/** Hands on one message of each key in a while and drops the rest. What it remembers does not move to another node. */
export class ThrottleNode implements RuleNode {
  readonly kind = 'throttle';
  readonly #clock: Clock;
  readonly #options: ThrottleOptions;
  readonly #counters: RuleCounters;
  /** In the order of passing, so that the first is the oldest. */
  readonly #passedAt = new Map<string, MonotonicMs>();

  constructor(clock: Clock, options: ThrottleOptions, counters: RuleCounters) {
    this.#clock = clock;
    this.#options = options;
    this.#counters = counters;
  }

  handle(message: RuleMessage, output: (message: RuleMessage) => void): void {
    const { everyMs, key, keysMax } = this.#options;
    const name = key(message);
    const now = this.#clock.now();
    const passedAt = this.#passedAt.get(name);
    if (passedAt !== undefined && now - passedAt < everyMs) {
      this.#counters.throttled += 1;
      return;
    }
    this.#passedAt.delete(name);
    this.#passedAt.set(name, now);
    if (this.#passedAt.size > keysMax) {
      const [oldest] = this.#passedAt.keys();
      if (oldest !== undefined) this.#passedAt.delete(oldest);
    }
    output(message);
  }
}
