import type { Terminal } from './terminal.js';

/** The terminal of this process: standard output and error, its environment, and an abort at SIGINT or SIGTERM. */
export function createProcessTerminal(): Terminal {
  const abort = new AbortController();
  let asked = false;
  const stop = (): void => {
    // The second time somebody really means it.
    if (asked) process.exit(130);
    asked = true;
    abort.abort();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  // `scalebus sub | head -1`: the reader has gone, so there is nothing left to do.
  process.stdout.on('error', () => process.exit(0));
  return {
    line: (text) => {
      process.stdout.write(`${text}\n`);
    },
    note: (text) => {
      process.stderr.write(`${text}\n`);
    },
    signal: abort.signal,
    env: process.env,
  };
}
