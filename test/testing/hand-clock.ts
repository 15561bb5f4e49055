import {
  type CancelTimer,
  type Clock,
  type MonotonicMs,
  toMonotonicMs,
  toWallMs,
  type WallMs,
} from '../../src/core/clock.js';

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly fire: () => void;
}

/** A clock that a test moves by hand. Promises settle between events when `run` is awaited. */
export class HandClock implements Clock {
  #now = 0;
  #order = 0;
  #timers: Timer[] = [];
  #turn: (() => void)[] = [];

  now(): MonotonicMs {
    return toMonotonicMs(this.#now);
  }

  wallMs(): WallMs {
    return toWallMs(1_700_000_000_000 + this.#now);
  }

  setTimer(at: MonotonicMs, fire: () => void): CancelTimer {
    const timer = { at: Math.max(at, this.#now), order: this.#order++, fire };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((one) => one !== timer);
    };
  }

  afterTurn(run: () => void): void {
    this.#turn.push(run);
  }

  get pending(): number {
    return this.#timers.length;
  }

  /** Runs every event of the next `ms` milliseconds, letting promises settle after each. */
  async run(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await settle();
      if (this.#turn.length > 0) {
        const turn = this.#turn;
        this.#turn = [];
        for (const run of turn) run();
        continue;
      }
      const next = this.#timers.reduce<Timer | undefined>(
        (best, one) =>
          best === undefined || one.at < best.at || (one.at === best.at && one.order < best.order) ? one : best,
        undefined,
      );
      if (next === undefined || next.at > end) break;
      this.#timers = this.#timers.filter((one) => one !== next);
      this.#now = next.at;
      next.fire();
    }
    this.#now = end;
  }
}

/** Lets everything that is already settled run on. */
async function settle(): Promise<void> {
  await new Promise<void>((resolve) => {
    setImmediate(resolve);
  });
}
