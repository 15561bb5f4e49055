/** What a suite needs of a test runner: the functions of mocha, vitest, jest and node:test fit. */
export interface TestRunner {
  describe(name: string, body: () => void): void;
  it(name: string, body: () => Promise<void>): void;
}

/** How a suite waits: for real things by looking again, for simulated ones by letting simulated time pass. */
export interface Waiter {
  /** Resolves when the condition holds; rejects when it does not in a time that the implementation should never need. */
  until(condition: () => boolean): Promise<void>;
  /** Resolves or rejects as the promise does, letting time pass for it. */
  settle<T>(promise: Promise<T>): Promise<T>;
  /** Lets a short time pass, in which what must not happen would have happened. */
  rest(): Promise<void>;
}

/** A waiter in simulated time. */
export function simulatedWaiter(simulator: SimulatedTime, patienceMs = 60_000): Waiter {
  return {
    until: async (condition) => {
      if (await simulator.runUntil(condition, patienceMs)) return;
      throw new Error(`not within ${patienceMs} simulated ms: ${String(condition)}`);
    },
    settle: (promise) => simulator.settle(promise, patienceMs),
    rest: async () => {
      await simulator.runUntil(() => false, 100);
    },
  };
}

/** What `simulatedWaiter` uses of a `Simulator`. */
export interface SimulatedTime {
  runUntil(condition: () => boolean, maxMs: number): Promise<boolean>;
  settle<T>(promise: Promise<T>, maxMs: number): Promise<T>;
}
