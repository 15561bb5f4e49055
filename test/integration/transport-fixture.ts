import { readFileSync } from 'node:fs';
import type { Connections } from '../../src/spi/connections.js';
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

/** What a test opened. A server that a failed test leaves behind would keep the whole run from ending. */
export class Opened {
  readonly #closers: (() => unknown)[] = [];

  /** The connections, with all that they open put on the list. */
  watch(inner: Connections): Connections {
    return {
      listen: async (local, accept) => {
        const server = await inner.listen(local, (connection) => {
          this.onClose(() => connection.destroy());
          accept(connection);
        });
        this.onClose(() => server.close());
        return server;
      },
      dial: async (to, options) => {
        const connection = await inner.dial(to, options);
        this.onClose(() => connection.destroy());
        return connection;
      },
    };
  }

  onClose(closer: () => unknown): void {
    this.#closers.push(closer);
  }

  /** Closes everything; what the test itself closed takes it again. */
  async close(): Promise<void> {
    for (const closer of this.#closers.splice(0)) await closer();
  }
}
