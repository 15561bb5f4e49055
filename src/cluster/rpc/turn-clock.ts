import type { Clock, MonotonicMs } from '../../core/clock.js';

/**
 * The time as calls need it. A reading of the clock costs 66 ns and more, and the calls that one chunk of received bytes sets off
 * lie microseconds apart. So one reading serves what follows in the same run of promise callbacks, `readingsMax` times at most:
 * work that blocks the loop between two calls can make the second one's deadline early by its own length only then.
 */
export class TurnClock {
  readonly #clock: Clock;
  #at: MonotonicMs;
  #left = 0;
  #isForgetDue = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#at = clock.now();
  }

  /** Never runs backwards, and never ahead of the clock. */
  now(): MonotonicMs {
    if (this.#left === 0) return this.#read();
    this.#left -= 1;
    return this.#at;
  }

  #read(): MonotonicMs {
    this.#at = this.#clock.now();
    this.#left = readingsMax;
    if (!this.#isForgetDue) {
      this.#isForgetDue = true;
      void settled.then(this.#forget);
    }
    return this.#at;
  }

  readonly #forget = (): void => {
    this.#isForgetDue = false;
    this.#left = 0;
  };
}

const readingsMax = 15;
const settled = Promise.resolve();
