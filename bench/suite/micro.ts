/** The micro benches: every file of bench/micro, each case in a process of its own, but in a smoke run. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Crew } from '../harness/agents.js';
import { compiledPath, rootDir } from '../harness/paths.js';
import type { Round } from '../harness/lines.js';
import { type Bench, type Run } from '../harness/run.js';
import type { MicroResult } from '../child/micro.js';

const folder = 'bench/micro';
const nodeFlags = ['--expose-gc', '--max-old-space-size=4096'];

/** The bench `micro`. */
export const microBench: Bench = {
  name: 'micro',
  summary: 'single functions: the cases that files in bench/micro export, and the scripts there',
  cases: 1,
  weight: 0,
  async run(run) {
    for (const file of files()) {
      if (exportsCases(file)) await runCases(run, `${folder}/${file}`);
      // A script prints its own lines and takes its own time: too long for a smoke run.
      else if (!run.options.smoke) runScript(run, `${folder}/${file}`);
    }
  },
};

function files(): string[] {
  return readdirSync(join(rootDir, folder))
    .filter((file) => file.endsWith('.ts') && file !== 'case.ts')
    .toSorted();
}

function exportsCases(file: string): boolean {
  return /^export const cases\b/m.test(readFileSync(join(rootDir, folder, file), 'utf8'));
}

async function runCases(run: Run, file: string): Promise<void> {
  const title = file.slice(folder.length + 1, -'.ts'.length);
  await withFile(file, async (ask, names) => {
    for (const name of names) {
      const one = { name: `${title} ${name}`, payload: undefined, concurrency: 1 };
      await run.alone(one, async (): Promise<Round> => {
        const { seconds, warmSeconds, smoke } = run.options;
        const args = { name, seconds: Math.min(seconds, 1), warmSeconds: Math.min(warmSeconds, 0.5) };
        const measure = async (on: Ask): Promise<MicroResult> => on<MicroResult>('run', args);
        // One case leaves its types to the next; a smoke run judges no time and spares the processes.
        const { opsPerSec, nsPerOp } = await (smoke ? measure(ask) : withFile(file, measure));
        return { opsPerSec, figures: { 'ns/op': nsPerOp } };
      });
    }
  });
}

type Ask = <T>(verb: string, args: unknown) => Promise<T>;

async function withFile<T>(file: string, work: (ask: Ask, names: readonly string[]) => Promise<T>): Promise<T> {
  const crew = new Crew();
  try {
    const module = 'bench/child/micro.ts';
    const { agent, info } = await crew.add<string[]>({
      name: file,
      module,
      role: 'file',
      options: { file },
      nodeFlags,
    });
    return await work(async (verb, args) => agent.ask(verb, args), info);
  } finally {
    await crew.stop();
  }
}

function runScript(run: Run, file: string): void {
  run.say(`${file} (a script of its own)`);
  const { status } = spawnSync(process.execPath, [...nodeFlags, compiledPath(file)], { stdio: 'inherit' });
  if (status !== 0) throw new Error(`${file} ended with ${String(status)}`);
}
