import type { Clock, MonotonicMs } from '../../core/clock.js';

/**
 * The time as calls need it. A reading of the clock costs 66 ns and more, and the calls that one chunk of received bytes sets off
 * lie microseconds apart. So one reading serves what follows in the same run of promise callbacks, `readingsMax` times at most.
 * Work that blocks the loop between two calls of a run makes the reading old: `staleMs` tells by how much, once the run is over.
 */
export class TurnClock {
  readonly #clock: Clock;
  #at: MonotonicMs;
  #left = 0;
  #readings = 0;
  #isForgetDue = false;
  /** Readings that grew old and by how much, the last `staleMax` of them in a ring. */
  readonly #staleAt: number[] = [];
  readonly #staleBy: number[] = [];
  #staleNext = 0;

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

  /** The number of the reading that serves now, or 0 when the next `now` takes a new one. */
  get reading(): number {
    return this.#left === 0 ? 0 : this.#readings;
  }

  /**
   * By how much a deadline counted from the reading `at` may be early, because its run went on for so long; 0 for less than
   * `staleMsMin`, and for readings that lie behind more than `staleMax` old ones.
   */
  staleMs(at: number): number {
    // Sums and differences of times are exact to far less than this.
    const index = this.#staleAt.findIndex((known) => Math.abs(known - at) < 0.001);
    return this.#staleBy[index] ?? 0;
  }

  #read(): MonotonicMs {
    const now = this.#clock.now();
    if (this.#isForgetDue) this.#note(now);
    this.#at = now;
    this.#left = readingsMax;
    this.#readings += 1;
    if (!this.#isForgetDue) {
      this.#isForgetDue = true;
      void settled.then(this.#forget);
    }
    return this.#at;
  }

  readonly #forget = (): void => {
    this.#isForgetDue = false;
    this.#left = 0;
    this.#note(this.#clock.now());
  };

  #note(now: MonotonicMs): void {
    const staleMs = now - this.#at;
    if (staleMs < staleMsMin) return;
    this.#staleAt[this.#staleNext] = this.#at;
    this.#staleBy[this.#staleNext] = staleMs;
    this.#staleNext = (this.#staleNext + 1) % staleMax;
  }
}

const readingsMax = 15;
const settled = Promise.resolve();

/** As fine as the wheel that watches the deadlines. */
const staleMsMin = 10;
/** With at least 10 ms each, more than the default timeout of 10 s holds. */
const staleMax = 1024;
