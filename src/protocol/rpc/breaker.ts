import { after, type MonotonicMs } from '../../core/clock.js';

/** When a breaker opens and how it closes again. */
export interface BreakerOptions {
  /** Length of the window that failures are counted in. */
  readonly windowMs: number;
  /** Fewer outcomes in a window open nothing. */
  readonly callsMin: number;
  /** Share of failures, in percent, that opens. */
  readonly failurePercent: number;
  /** How long it stays open before one call may try. */
  readonly openMs: number;
}

/** Defaults: half of at least 20 calls in 10 s; the shares that circuit breakers commonly ship with. */
export const breakerDefaults: BreakerOptions = { windowMs: 10_000, callsMin: 20, failurePercent: 50, openMs: 5000 };

/** `closed`: calls flow. `open`: none. `trying`: one call is out that decides. */
export type BreakerState = 'closed' | 'open' | 'trying';

/**
 * A circuit breaker: closed -> open (too many failures in a window) -> trying (after `openMs`, one call) -> closed or open.
 * A try whose outcome never comes ends after `openMs` too, so the breaker cannot hang.
 */
export class Breaker {
  readonly #options: BreakerOptions;
  #state: BreakerState = 'closed';
  #windowEnd: MonotonicMs | undefined;
  #calls = 0;
  #failures = 0;
  #retryAt: MonotonicMs | undefined;

  constructor(options: BreakerOptions) {
    this.#options = options;
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** Says whether a call could go out now, without taking the right to. */
  allows(now: MonotonicMs): boolean {
    return this.#state === 'closed' || (this.#retryAt !== undefined && now >= this.#retryAt);
  }

  /** A call goes out. */
  begin(now: MonotonicMs): void {
    if (this.#state === 'closed') return;
    this.#state = 'trying';
    this.#retryAt = after(now, this.#options.openMs);
  }

  /** A call ended. `failed` means that the peer was at fault, not the handler or the caller. */
  end(now: MonotonicMs, failed: boolean): void {
    if (this.#state === 'trying') {
      if (failed) this.#open(now);
      else this.#close();
      return;
    }
    if (this.#state === 'open') return;
    if (this.#windowEnd === undefined || now >= this.#windowEnd) {
      this.#windowEnd = after(now, this.#options.windowMs);
      this.#calls = 0;
      this.#failures = 0;
    }
    this.#calls += 1;
    if (!failed) return;
    this.#failures += 1;
    const share = (this.#failures / this.#calls) * 100;
    if (this.#calls >= this.#options.callsMin && share >= this.#options.failurePercent) this.#open(now);
  }

  #open(now: MonotonicMs): void {
    this.#state = 'open';
    this.#retryAt = after(now, this.#options.openMs);
  }

  #close(): void {
    this.#state = 'closed';
    this.#windowEnd = undefined;
    this.#retryAt = undefined;
  }
}
