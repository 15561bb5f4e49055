/** `npm run bench`: chooses benches, runs them, and ends with 1 when one of ours or of the limit broke. */
import { benches } from './catalogue.js';
import { entries } from './contenders.js';
import { compile } from './harness/compile.js';
import { type Bench, Run } from './harness/run.js';
import { alignRows } from './harness/table.js';
import { type BenchOptions, parseOptions } from './options.js';
import { others } from './others.js';

const args = process.argv.slice(2);
const names = [...benches, ...others].map(({ name }) => name);
const own = others.find(({ name, ownArguments }) => ownArguments && name === args[0]);
const parsed = parseOptions(own === undefined ? args : [own.name], names);
if (own !== undefined && parsed.kind === 'run') {
  await compile();
  process.exitCode = own.run(parsed.options, args.slice(1));
} else if (parsed.kind === 'text') {
  process.stderr.write(parsed.text);
  process.exitCode = parsed.exitCode;
} else {
  process.exitCode = await main(parsed.options);
}

async function main(options: BenchOptions): Promise<number> {
  if (options.list || (options.bench === undefined && !options.smoke)) {
    console.log(listText());
    return 0;
  }
  await compile();
  const wanted = (name: string, smoke: boolean): boolean =>
    options.bench === undefined ? smoke : options.bench === name;
  let failed = 0;
  for (const bench of benches) {
    if (wanted(bench.name, true) && !(await runBench(bench, options))) failed += 1;
  }
  const rest = args.filter((word) => word !== options.bench);
  for (const other of others) {
    if (wanted(other.name, other.smoke) && other.run(options, rest) !== 0) failed += 1;
  }
  return failed > 0 ? 1 : 0;
}

/** Returns false when the bench broke. */
async function runBench(bench: Bench, options: BenchOptions): Promise<boolean> {
  const run = new Run(bench.name, options);
  let broken = false;
  try {
    await bench.run(run);
  } catch (cause) {
    broken = true;
    console.error(`${bench.name}: ${cause instanceof Error ? (cause.stack ?? '') : String(cause)}`);
  }
  run.finish();
  return !broken && !run.failed;
}

function listText(): string {
  const rows = [...benches, ...others].map(({ name, summary }) => [name, summary]);
  const peers = entries.map(({ name, does, settings }) => [name, does.join(' '), settings]);
  return `benches\n${alignRows(rows)}\n\ncontenders\n${alignRows(peers, 3)}`;
}
