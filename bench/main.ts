/** `npm run bench`: chooses benches, runs them, and ends with 1 when one of ours or of the limit broke. */
import { benches } from './catalogue.js';
import { entries } from './contenders.js';
import { compile } from './harness/compile.js';
import { Run } from './harness/run.js';
import { alignRows } from './harness/table.js';
import { type BenchOptions, parseOptions } from './options.js';
import { runOther, others } from './others.js';

const parsed = parseOptions(
  process.argv.slice(2),
  [...benches, ...others].map(({ name }) => name),
);
if (parsed.kind === 'text') {
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
  if (others.some(({ name }) => name === options.bench)) return await runOther(options);
  let failed = 0;
  for (const bench of benches) {
    if (options.bench !== undefined && options.bench !== bench.name) continue;
    const run = new Run(bench.name, options);
    try {
      await bench.run(run);
    } catch (cause) {
      failed += 1;
      console.error(`${bench.name}: ${cause instanceof Error ? (cause.stack ?? '') : String(cause)}`);
    }
    run.finish();
    if (run.failed) failed += 1;
  }
  return failed > 0 ? 1 : 0;
}

function listText(): string {
  const rows = [...benches, ...others].map(({ name, summary }) => [name, summary]);
  const peers = entries.map(({ name, does, settings }) => [name, does.join(' '), settings]);
  return `benches\n${alignRows(rows)}\n\ncontenders\n${alignRows(peers, 3)}`;
}
