/** What else `npm run bench` does: benches with a program of their own, and the report. */
import type { BenchOptions } from './options.js';

/** Names and what they do. */
export const others: readonly { readonly name: string; readonly summary: string }[] = [];

/** Runs one of `others`; the exit code. */
export function runOther(options: BenchOptions): Promise<number> {
  return Promise.reject(new Error(`${options.bench ?? ''} is not there`));
}
