/**
 * Starts operations at a fixed rate whatever the answers do, and measures each delay from the moment at which the
 * operation was due, not from when it was sent: a stall then counts against every operation that it held up.
 */
import type { Percentiles, Samples } from './samples.js';

/** How to run at a fixed rate. */
export interface OpenLoopOptions {
  readonly ratePerSec: number;
  /** Measured seconds. */
  readonly seconds: number;
  /** Seconds at the rate before them: what is due then must be answered, and its delay is not taken. */
  readonly settleSeconds: number;
  readonly pool: readonly unknown[];
  /** Takes the delays; one for all runs of a process, see `Samples`. */
  readonly samples: Samples;
}

/** What a run at a fixed rate gave. */
export interface OpenLoopResult {
  readonly sent: number;
  readonly done: number;
  readonly failed: number;
  readonly seconds: number;
  readonly delays: Percentiles;
}

/** Starts one operation that was due at `dueMs` of `performance.now()`; `settled` is called once when it ended. */
export type PacedCall = (value: unknown, dueMs: number, settled: (ok: boolean, dueMs: number) => void) => void;

const drainMs = 10_000;
/** Never more than this in one turn: a late loop catches up over several turns instead of blocking the answers. */
const burstMax = 2048;

/** Paces with one check each event-loop turn; timers of Node are too coarse for it. */
export function openLoop(call: PacedCall, options: OpenLoopOptions): Promise<OpenLoopResult> {
  const { ratePerSec, pool, samples } = options;
  const periodMs = 1000 / ratePerSec;
  const total = Math.max(1, Math.floor(ratePerSec * (options.settleSeconds + options.seconds)));
  samples.reset();
  const state = { sent: 0, done: 0, failed: 0 };
  return new Promise((resolve) => {
    const startMs = performance.now();
    const measuredFromMs = startMs + options.settleSeconds * 1000;
    let deadline: NodeJS.Timeout | undefined;
    const finish = (): void => {
      clearTimeout(deadline);
      const seconds = (performance.now() - startMs) / 1000;
      resolve({ ...state, seconds, delays: samples.percentiles() });
    };
    const settled = (ok: boolean, dueMs: number): void => {
      if (ok) {
        state.done += 1;
        if (dueMs >= measuredFromMs) samples.add((performance.now() - dueMs) * 1000);
      } else state.failed += 1;
      if (state.done + state.failed === total) finish();
    };
    const turn = (): void => {
      const due = Math.min(total, Math.floor((performance.now() - startMs) / periodMs) + 1);
      const until = Math.min(due, state.sent + burstMax);
      while (state.sent < until) {
        const dueMs = startMs + state.sent * periodMs;
        const value = pool[state.sent % pool.length];
        state.sent += 1;
        call(value, dueMs, settled);
      }
      if (state.sent < total) setImmediate(turn);
      else deadline = setTimeout(finish, drainMs);
    };
    turn();
  });
}
