import { after, type Clock } from '../../core/clock.js';
import type { StreamKind } from '../../spi/links.js';

/** Waits for things to come to rest. Its owner calls `check` whenever something may have. */
export class Idle {
  readonly #clock: Clock;
  readonly #isIdle: (kinds: readonly StreamKind[]) => boolean;
  readonly #waiting = new Set<() => boolean>();

  constructor(clock: Clock, isIdle: (kinds: readonly StreamKind[]) => boolean) {
    this.#clock = clock;
    this.#isIdle = isIdle;
  }

  /** Resolves true when no stream of these kinds is open, false after `timeoutMs`. */
  wait(timeoutMs: number, kinds: readonly StreamKind[]): Promise<boolean> {
    return this.#until(() => this.#isIdle(kinds), timeoutMs);
  }

  /** Resolves when the condition holds, or false after the time that a connection takes to end at most. */
  ended(condition: () => boolean): Promise<boolean> {
    return this.#until(condition, endingMaxMs);
  }

  check(): void {
    if (this.#waiting.size === 0) return;
    for (const waiter of this.#waiting) if (waiter()) this.#waiting.delete(waiter);
  }

  #until(condition: () => boolean, timeoutMs: number): Promise<boolean> {
    if (condition()) return Promise.resolve(true);
    return new Promise((resolve) => {
      const cancel = this.#clock.setTimer(after(this.#clock.now(), timeoutMs), () => {
        this.#waiting.delete(waiter);
        resolve(condition());
      });
      const waiter = (): boolean => {
        if (!condition()) return false;
        cancel();
        resolve(true);
        return true;
      };
      this.#waiting.add(waiter);
    });
  }
}

/** Closing is told within this turn; the bound is for a clock that runs late. */
const endingMaxMs = 5000;
