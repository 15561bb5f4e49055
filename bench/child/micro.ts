/** The process of one micro case. */
import { pathToFileURL } from 'node:url';
import type { Actor, Roles } from '../harness/agent.js';
import { compiledPath } from '../harness/paths.js';
import { tidyNumber } from '../harness/stats.js';
import type { MicroCase } from '../micro/case.js';

/** Which file to open. */
export interface MicroOptions {
  readonly file: string;
}

/** How long to run a case. */
export interface MicroArgs {
  readonly name: string;
  readonly seconds: number;
  readonly warmSeconds: number;
}

/** What a case gave. */
export interface MicroResult {
  readonly opsPerSec: number;
  readonly nsPerOp: number;
}

/** One role: a file of cases. */
export const roles: Roles = {
  file: async ({ file }: MicroOptions): Promise<Actor> => {
    const loaded = (await import(pathToFileURL(compiledPath(file)).href)) as { readonly cases: readonly MicroCase[] };
    const { cases } = loaded;
    return {
      info: cases.map(({ name }) => name),
      verbs: {
        run: (args: MicroArgs): MicroResult => {
          const one = cases.find(({ name }) => name === args.name);
          if (one === undefined) throw new Error(`${file} has no case ${args.name}`);
          return measure(one.make(), args);
        },
      },
      stop: () => undefined,
    };
  },
};

/** Repeats until the time is over, with a count that makes one pass last about a millisecond. */
function measure(work: (count: number) => void, { seconds, warmSeconds }: MicroArgs): MicroResult {
  const count = passFor(work);
  flood(work, count, warmSeconds);
  const { operations, spentMs } = flood(work, count, seconds);
  return { opsPerSec: (operations / spentMs) * 1000, nsPerOp: tidyNumber((spentMs * 1e6) / operations) };
}

function passFor(work: (count: number) => void): number {
  for (let count = 1; ; count *= 2) {
    const startedAt = performance.now();
    work(count);
    if (performance.now() - startedAt > 1 || count >= 2 ** 24) return count;
  }
}

function flood(work: (count: number) => void, count: number, seconds: number): { operations: number; spentMs: number } {
  const startedAt = performance.now();
  const endAt = startedAt + seconds * 1000;
  let operations = 0;
  let now = startedAt;
  while (now < endAt) {
    work(count);
    operations += count;
    now = performance.now();
  }
  return { operations, spentMs: now - startedAt };
}
