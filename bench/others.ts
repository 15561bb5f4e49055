/** What else `npm run bench` does: benches with a program of their own, and the report. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { benches } from './catalogue.js';
import { entries } from './contenders.js';
import { compiledPath, rootDir } from './harness/paths.js';
import { readLines } from './harness/lines.js';
import { writeReport } from './harness/report.js';
import type { BenchOptions } from './options.js';

/** Something that `npm run bench -- <name>` does besides measuring contenders. */
export interface Other {
  readonly name: string;
  readonly summary: string;
  /** Part of a smoke run. */
  readonly smoke: boolean;
  /** Reads the words after its name itself. */
  readonly ownArguments: boolean;
  /** Returns the exit code. */
  run(options: BenchOptions, args: readonly string[]): number;
}

const membershipMain = 'bench/membership/main.ts';

/** The report, and the bench of membership where it is there; it must take `--smoke` and `--json`. */
export const others: readonly Other[] = [
  ...(existsSync(join(rootDir, membershipMain))
    ? [
        {
          name: 'membership',
          summary: 'detection, convergence and bytes of SWIM',
          smoke: true,
          ownArguments: true,
          run: (_options: BenchOptions, args: readonly string[]) => runProgram(membershipMain, args),
        },
      ]
    : []),
  {
    name: 'report',
    summary: 'rewrites bench/README.md and its plots from bench/results',
    smoke: false,
    ownArguments: false,
    run: report,
  },
];

function report(): number {
  for (const path of writeReport({ lines: readLines(), benches, entries })) console.log(path);
  return 0;
}

function runProgram(main: string, args: readonly string[]): number {
  const { status } = spawnSync(process.execPath, [compiledPath(main), ...args], { cwd: rootDir, stdio: 'inherit' });
  return status ?? 1;
}
