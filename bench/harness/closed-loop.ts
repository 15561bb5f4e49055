/** Keeps a fixed number of calls in flight and measures each n-th delay. */
import type { Percentiles, Samples } from './samples.js';

/** Starts one call; exactly one of the two listeners is called, later, never from inside. */
export type Call = (value: unknown, done: (answer: unknown) => void, failed: (cause: unknown) => void) => void;

/** How to run. */
export interface LoopOptions {
  readonly concurrency: number;
  readonly seconds: number;
  /** Values to send, in turn. */
  readonly pool: readonly unknown[];
  /** Says whether an answer is right; asked for one answer in 64. */
  readonly isRight: (sent: unknown, got: unknown) => boolean;
  /** Takes the delays; one for all runs of a process, see `Samples`. */
  readonly samples: Samples;
}

/** What a run gave. */
export interface LoopResult {
  readonly ops: number;
  /** With those that were in flight at the end: what the run's cost is shared by. */
  readonly opsWithDrain: number;
  readonly seconds: number;
  readonly failed: number;
  /** Message of the first failure, to tell why. */
  readonly failure: string | undefined;
  readonly wrong: number;
  /** Calls that had not settled 10 s after the end. */
  readonly hanging: number;
  readonly delays: Percentiles;
}

const checkEvery = 64;
const drainMs = 10_000;

/** Runs for the given time, then waits for what is in flight. */
export function closedLoop(call: Call, options: LoopOptions): Promise<LoopResult> {
  const { concurrency, pool, samples } = options;
  // Reading the clock twice for each call would cost the fastest contender a tenth of its rate.
  samples.reset(concurrency >= 64 ? 8 : 1);
  const state = { running: true, sent: 0, ops: 0, inFlight: 0, failed: 0, wrong: 0 };
  let failure: string | undefined;
  let drained = (): void => undefined;

  const slot = (): (() => void) => {
    let value: unknown;
    let startedAt = 0;
    const next = (): void => {
      value = pool[state.sent % pool.length];
      startedAt = samples.due() ? performance.now() : 0;
      state.sent += 1;
      state.inFlight += 1;
      call(value, done, failed);
    };
    const end = (): void => {
      state.inFlight -= 1;
      if (state.running) next();
      else if (state.inFlight === 0) drained();
    };
    const done = (answer: unknown): void => {
      if (startedAt !== 0) samples.add((performance.now() - startedAt) * 1000);
      state.ops += 1;
      if (state.ops % checkEvery === 0 && !options.isRight(value, answer)) state.wrong += 1;
      end();
    };
    const failed = (cause: unknown): void => {
      state.failed += 1;
      failure ??= cause instanceof Error ? cause.message : String(cause);
      // A contender that refuses everything must not starve the timer that ends the run.
      setImmediate(end);
    };
    return next;
  };

  const startedAt = performance.now();
  for (let index = 0; index < concurrency; index += 1) slot()();
  return new Promise((resolve) => {
    setTimeout(() => {
      state.running = false;
      const seconds = (performance.now() - startedAt) / 1000;
      const { ops } = state;
      const finish = (): void => {
        clearTimeout(deadline);
        const { failed, wrong, inFlight } = state;
        const delays = samples.percentiles();
        resolve({ ops, opsWithDrain: state.ops, seconds, failed, failure, wrong, hanging: inFlight, delays });
      };
      const deadline = setTimeout(finish, drainMs);
      drained = finish;
      if (state.inFlight === 0) finish();
    }, options.seconds * 1000);
  });
}
