import { readFileSync } from 'node:fs';
import type { Waiter } from '../../src/testing/conformance/suite.js';

/** Waits for real sockets. */
export const realWaiter: Waiter = {
  until: async (condition) => {
    const end = Date.now() + 15_000;
    while (!condition()) {
      if (Date.now() > end) throw new Error(`not within 15 s: ${String(condition)}`);
      await pass(2);
    }
  },
  settle: (promise) => promise,
  rest: () => pass(50),
};

/** A certificate or key of the tests; see the folder's read-me. */
export function tlsFile(name: string): string {
  return readFileSync(new URL(`../fixtures/tls/${name}`, import.meta.url), 'utf8');
}

function pass(delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, delayMs);
  });
}
