import { Command } from 'commander';
import type { SimOutcome, SimScenario } from './sim-scenario.js';
import { simScenarios } from './sim-scenarios.js';

/**
 * `npm run sim -- [scenario...] --from N --seeds N`: runs seeds one after the other, prints a replay command for each that fails
 * and exits with 1; without a scenario it runs all of them. `--twice` runs each seed twice and compares the fingerprints.
 */
const program = new Command('sim')
  .argument('[scenario...]', `one of ${simScenarios.map((scenario) => scenario.name).join(', ')}; all by default`)
  .option('--from <n>', 'first sim seed', '1')
  .option('--seeds <n>', 'how many seeds', '20')
  .option('--twice', 'run each seed twice and compare')
  .option('--json', 'print JSON lines')
  .addHelpText(
    'after',
    `\n${simScenarios.map((scenario) => `  ${scenario.name.padEnd(12)} ${scenario.summary}`).join('\n')}`,
  )
  .parse();

const flags = program.opts<{ from: string; seeds: string; twice?: boolean; json?: boolean }>();
const chosen = program.args.length === 0 ? simScenarios : program.args.map(findScenario);
let passed = 0;
let failed = 0;
for (const scenario of chosen) await runScenario(scenario);
print(flags.json === true ? JSON.stringify({ passed, failed }) : `${passed} seeds passed, ${failed} seeds failed`);
process.exitCode = failed === 0 ? 0 : 1;

function findScenario(name: string): SimScenario {
  const scenario = simScenarios.find((one) => one.name === name);
  if (scenario !== undefined) return scenario;
  process.stderr.write(`There is no scenario ${name}; there are ${simScenarios.map((one) => one.name).join(', ')}\n`);
  process.exit(2);
}

async function runScenario(scenario: SimScenario): Promise<void> {
  const totals: Record<string, number> = {};
  const startedMs = performance.now();
  const [from, seeds] = [Number(flags.from), Number(flags.seeds)];
  for (let seed = from; seed < from + seeds; seed += 1) {
    const outcome = await runSeed(scenario, seed);
    for (const [name, count] of Object.entries(outcome.counts)) totals[name] = (totals[name] ?? 0) + count;
    if (outcome.ok) passed += 1;
    else failed += 1;
    if (!outcome.ok) tellFailure(scenario, seed, outcome);
  }
  const seconds = (performance.now() - startedMs) / 1000;
  const counted = Object.entries(totals).map(([name, count]) => `${name} ${count}`);
  if (flags.json === true) print(JSON.stringify({ scenario: scenario.name, from, seeds, seconds, counts: totals }));
  else print(`${scenario.name}: ${seeds} seeds from ${from} in ${seconds.toFixed(1)} s; ${counted.join(', ')}`);
}

async function runSeed(scenario: SimScenario, seed: number): Promise<SimOutcome> {
  const outcome = await scenario.run(seed);
  if (flags.twice !== true || !outcome.ok) return outcome;
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
  if (flags.json === true) print(JSON.stringify({ scenario: scenario.name, seed, faults: outcome.faults, replay }));
  else
    print(`${scenario.name} seed ${seed} FAILED\n  ${outcome.faults.slice(0, 10).join('\n  ')}\n  replay: ${replay}`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
