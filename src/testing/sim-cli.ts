import { parseArgs } from 'node:util';
import type { SimOutcome, SimScenario } from './sim-scenario.js';
import { openScenarios, simScenarios } from './sim-scenarios.js';

/**
 * `npm run sim -- [scenario...] --from N --seeds N`: runs seeds one after the other, prints a replay command for each that fails
 * and exits with 1; without a scenario it runs all of them. `--twice` runs each seed twice and compares the fingerprints.
 */
const usage = `npm run sim -- [scenario...] [--from N] [--seeds N] [--twice] [--json]

${known()
  .map((scenario) => `  ${scenario.name.padEnd(12)} ${scenario.summary}`)
  .join('\n')}

  --from N    first sim seed (1)
  --seeds N   how many seeds (20)
  --twice     run each seed twice and compare
  --json      print JSON lines
`;
const grammar = {
  allowPositionals: true,
  options: {
    from: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '20' },
    twice: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
} as const;
const { flags, names } = readArguments();
const chosen = names.length === 0 ? simScenarios : names.map(findScenario);
let passed = 0;
let failed = 0;
for (const scenario of chosen) await runScenario(scenario);
print(flags.json ? JSON.stringify({ passed, failed }) : `${passed} seeds passed, ${failed} seeds failed`);
process.exitCode = failed === 0 ? 0 : 1;

function readArguments(): { readonly flags: SimFlags; readonly names: readonly string[] } {
  const { values, positionals } = parseWords();
  const [from, seeds] = [Number(values.from), Number(values.seeds)];
  if (values.help) leave(0, usage);
  const isWrong = !Number.isInteger(from) || !Number.isInteger(seeds);
  if (isWrong) leave(2, `--from and --seeds take whole numbers\n\n${usage}`);
  return { flags: { from, seeds, twice: values.twice, json: values.json }, names: positionals };
}

function parseWords(): ReturnType<typeof parseArgs<typeof grammar>> {
  try {
    return parseArgs(grammar);
  } catch (error) {
    return leave(2, `${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
  }
}

function leave(code: number, text: string): never {
  (code === 0 ? process.stdout : process.stderr).write(text);
  process.exit(code);
}

interface SimFlags {
  readonly from: number;
  readonly seeds: number;
  readonly twice: boolean;
  readonly json: boolean;
}

function findScenario(name: string): SimScenario {
  const scenario = known().find((one) => one.name === name);
  if (scenario !== undefined) return scenario;
  return leave(
    2,
    `There is no scenario ${name}; there are ${known()
      .map((one) => one.name)
      .join(', ')}\n`,
  );
}

async function runScenario(scenario: SimScenario): Promise<void> {
  const totals: Record<string, number> = {};
  const startedMs = performance.now();
  const { from, seeds } = flags;
  for (let seed = from; seed < from + seeds; seed += 1) {
    const outcome = await runSeed(scenario, seed);
    for (const [name, count] of Object.entries(outcome.counts)) totals[name] = (totals[name] ?? 0) + count;
    if (outcome.ok) passed += 1;
    else failed += 1;
    if (!outcome.ok) tellFailure(scenario, seed, outcome);
  }
  const seconds = (performance.now() - startedMs) / 1000;
  const counted = Object.entries(totals).map(([name, count]) => `${name} ${count}`);
  if (flags.json) print(JSON.stringify({ scenario: scenario.name, from, seeds, seconds, counts: totals }));
  else print(`${scenario.name}: ${seeds} seeds from ${from} in ${seconds.toFixed(1)} s; ${counted.join(', ')}`);
}

async function runSeed(scenario: SimScenario, seed: number): Promise<SimOutcome> {
  const outcome = await scenario.run(seed);
  if (!flags.twice || !outcome.ok) return outcome;
  const again = await scenario.run(seed);
  if (again.fingerprint === outcome.fingerprint) return outcome;
  return {
    ...outcome,
    ok: false,
    faults: [`two runs of one seed differ: ${outcome.fingerprint} and ${again.fingerprint}`],
  };
}

function tellFailure(scenario: SimScenario, seed: number, outcome: SimOutcome): void {
  const replay = `npm run sim -- ${scenario.name} --from ${seed} --seeds 1`;
  const faults = outcome.faults.slice(0, 10).join('\n  ');
  if (flags.json) print(JSON.stringify({ scenario: scenario.name, seed, faults: outcome.faults, replay }));
  else print(`${scenario.name} seed ${seed} FAILED\n  ${faults}\n  replay: ${replay}`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function known(): readonly SimScenario[] {
  return [...simScenarios, ...openScenarios];
}
