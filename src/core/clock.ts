/** Milliseconds on a clock that never runs backwards; only differences have meaning, and only inside one process. */
export type MonotonicMs = number & { readonly __unit: 'MonotonicMs' };

/** Milliseconds since 1970 as the machine believes them; for showing and for epochs, never for measuring. */
export type WallMs = number & { readonly __unit: 'WallMs' };

/** Stops one pending timer. Calling it twice, or after the timer fired, does nothing. */
export type CancelTimer = () => void;

/** The only source of time. `runtime/` gives Node's clock, `testing/` a simulated one. */
export interface Clock {
  now(): MonotonicMs;
  wallMs(): WallMs;
  /** Calls `fire` once, at `at` or later, never inside this call. A pending timer MUST NOT keep a process alive by itself. */
  setTimer(at: MonotonicMs, fire: () => void): CancelTimer;
  /**
   * Calls `run` once, after the events that this turn of the loop still has to deliver, and never inside this call.
   * Runs of one turn keep their order. It cannot be cancelled.
   */
  afterTurn(run: () => void): void;
}

/** Returns the time `delayMs` after `start`. */
export function after(start: MonotonicMs, delayMs: number): MonotonicMs {
  return (start + delayMs) as MonotonicMs;
}

/** Brands a plain number that a clock implementation measured. */
export function toMonotonicMs(valueMs: number): MonotonicMs {
  return valueMs as MonotonicMs;
}

/** Brands a plain number that a clock implementation read from the wall. */
export function toWallMs(valueMs: number): WallMs {
  return valueMs as WallMs;
}
