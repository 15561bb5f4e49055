/** `npm run bench`: chooses benches, runs them, and ends with 1 when one of ours or of the limit broke. */
import { benches } from './catalogue.js';
import { entries } from './contenders.js';
import { compile } from './harness/compile.js';
import { readLines } from './harness/lines.js';
import { writeReport } from './harness/report.js';
import { type Bench, Run } from './harness/run.js';
import { nextShare } from './harness/schedule.js';
import { alignRows } from './harness/table.js';
import { type BenchOptions, parseOptions } from './options.js';
import { others } from './others.js';

const args = process.argv.slice(2);
/** `npm run bench -- all` runs the benches of the page, one after the other. */
const allName = 'all';
const names = [allName, ...[...benches, ...others].map(({ name }) => name)];
const own = others.find(({ name, ownArguments }) => ownArguments && name === args[0]);
const parsed = parseOptions(own === undefined ? args : [own.name], names);
if (own !== undefined && parsed.kind === 'run') {
  await compile();
  process.exitCode = own.run(parsed.options, args.slice(1));
} else if (parsed.kind === 'text') {
  (parsed.exitCode === 0 ? process.stdout : process.stderr).write(parsed.text);
  process.exitCode = parsed.exitCode;
} else {
  process.exitCode = await main(parsed.options);
}

async function main(options: BenchOptions): Promise<number> {
  if (options.list || (options.bench === undefined && !options.smoke)) {
    console.log(listText());
    return 0;
  }
  const refused = refusedSetting(options);
  if (refused !== undefined) {
    console.error(refused);
    return 1;
  }
  await compile();
  const wanted = (name: string, smoke: boolean): boolean =>
    options.bench === undefined ? smoke : options.bench === name;
  if (options.bench === allName) return runAll(options);
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

/** A setting that would be passed over in silence. */
function refusedSetting(options: BenchOptions): string | undefined {
  const takes = benches.find(({ name }) => name === options.bench)?.takes ?? [];
  const refused = (['payload', 'concurrency'] as const).find(
    (one) => options[one] !== undefined && !takes.includes(one),
  );
  if (refused === undefined) return undefined;
  const those = benches.flatMap((bench) => (bench.takes?.includes(refused) === true ? [bench.name] : []));
  return `--${refused} is a setting of ${those.join(', ')}; ${options.bench ?? 'a run of all'} has none`;
}

/** Every bench of the page in order of importance, within a budget if there is one, and the page after each. */
async function runAll(options: BenchOptions): Promise<number> {
  const startedAt = performance.now();
  const chosen = benches.filter(({ weight }) => weight > 0);
  let weightsLeft = chosen.reduce((sum, { weight }) => sum + weight, 0);
  let failed = 0;
  for (const bench of chosen) {
    const { budgetSeconds } = options;
    const spent = (performance.now() - startedAt) / 1000;
    const share = budgetSeconds === undefined ? undefined : nextShare(budgetSeconds - spent, bench.weight, weightsLeft);
    weightsLeft -= bench.weight;
    if (!(await runBench(bench, { ...options, budgetSeconds: share }))) failed += 1;
    if (!options.smoke) writeReport({ lines: readLines(), benches, entries });
  }
  return failed > 0 ? 1 : 0;
}

/** Returns false when the bench broke. */
async function runBench(bench: Bench, options: BenchOptions): Promise<boolean> {
  const run = new Run(bench.name, options, bench.cases);
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
  const page = {
    name: allName,
    summary: 'every bench of the page one after the other, and the report; see --budget-minutes',
  };
  const rows = [page, ...benches, ...others].map(({ name, summary }) => [name, summary]);
  const peers = entries.map(({ name, does, settings }) => [name, does.join(' '), settings]);
  return `benches\n${alignRows(rows)}\n\ncontenders\n${alignRows(peers, 3)}`;
}
