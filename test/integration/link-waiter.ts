import type { Waiter } from '../../src/testing/conformance/suite.js';

/** Waits in real time by looking again each turn of the loop. */
export function realWaiter(patienceMs = 15_000): Waiter {
  const until = async (condition: () => boolean): Promise<void> => {
    const end = performance.now() + patienceMs;
    while (!condition()) {
      if (performance.now() > end) throw new Error(`not within ${patienceMs} ms: ${String(condition)}`);
      await new Promise((resolve) => void setTimeout(resolve, 1));
    }
  };
  return {
    until,
    settle: (promise) => promise,
    // What must not happen would need a few turns and a round trip over loopback.
    rest: async () => {
      for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
    },
  };
}
