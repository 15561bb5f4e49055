import { createLogUpdate } from 'log-update';
import { NodeClock } from '../runtime/node-clock.js';
import { exitCodes } from './exit-code.js';
import type { Terminal } from './terminal.js';

/** The terminal of this process: standard output and error, its environment, and an abort at SIGINT or SIGTERM. */
export function createProcessTerminal(): Terminal {
  const abort = new AbortController();
  const update = createLogUpdate(process.stdout);
  const stop = (): void => {
    // The second time somebody really means it.
    if (abort.signal.aborted) process.exit(exitCodes.interrupted);
    abort.abort();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  // `scalebus sub | head -1`: the reader has gone, so there is nothing left to do.
  process.stdout.on('error', () => process.exit(exitCodes.done));
  return {
    line: (text) => {
      process.stdout.write(`${text}\n`);
    },
    note: (text) => {
      process.stderr.write(`${text}\n`);
    },
    show: (lines) => {
      // A frame as a whole: lines that are only patched leave parts of longer ones behind.
      update.clear();
      update(lines.join('\n'));
    },
    signal: abort.signal,
    env: process.env,
    clock: new NodeClock(),
  };
}
