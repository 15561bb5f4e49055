/**
 * Runs every gate that a change must pass, each with a time limit of its own and all within one
 * budget, and counts: tests as they count themselves, any other gate as one.
 * The last line is `N passed, N failed`, with `, N skipped` when something was skipped.
 */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { TestCounts } from './count-reporter.js';

interface Gate {
  readonly name: string;
  readonly command: string;
  readonly limitSeconds: number;
  /** The gate is skipped, and counted so, while one of these files does not exist. */
  readonly needs?: readonly string[];
  /** The command writes its own counts to TEST_COUNTS. */
  readonly counts?: boolean;
}

const entries = ['src/index.ts', 'src/testing/index.ts', 'src/cli/main.ts'];
const gates: readonly Gate[] = [
  {
    name: 'tests',
    // A fresh clone is where a million mutated frames are worth their twenty seconds.
    command: 'FUZZ_FRAMES=1000000 npm test -- --reporter ./scripts/count-reporter.ts',
    limitSeconds: 600,
    counts: true,
  },
  { name: 'lint', command: 'npm run lint', limitSeconds: 310 },
  { name: 'format', command: 'npm run format:check', limitSeconds: 60 },
  { name: 'types', command: 'npm run types', limitSeconds: 180 },
  { name: 'pure', command: 'npm run pure', limitSeconds: 90 },
  { name: 'unused', command: 'npm run unused', limitSeconds: 60 },
  { name: 'package', command: 'npm run package-check', limitSeconds: 240, needs: entries },
  {
    name: 'bench smoke',
    command: 'npm run bench -- --smoke',
    limitSeconds: 180,
    needs: ['bench/main.ts'],
  },
  {
    name: '200 simulated seeds',
    command: 'npm run sim -- --from 1 --seeds 200',
    limitSeconds: 420,
    needs: ['src/testing/sim-cli.ts'],
  },
];
/** All gates together, the install before them included. */
const budgetSeconds = 19 * 60;
const tailLines = 80;

const { values } = parseArgs({
  options: {
    counted: { type: 'string', default: '0' },
    spent: { type: 'string', default: '0' },
    only: { type: 'string' },
  },
});
const folder = mkdtempSync(join(tmpdir(), 'scalebus-gates-'));
const started = performance.now() - Number(values.spent) * 1000;
const total = { passed: Number(values.counted), failed: 0, skipped: 0 };
try {
  for (const gate of gates) {
    if (values.only !== undefined && !values.only.split(',').includes(gate.name)) continue;
    const counts = await runGate(gate);
    total.passed += counts.passed;
    total.failed += counts.failed;
    total.skipped += counts.skipped;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);
process.exitCode = total.failed > 0 ? 1 : 0;

async function runGate(gate: Gate): Promise<TestCounts> {
  const missing = (gate.needs ?? []).filter((path) => !existsSync(path));
  if (missing.length > 0) {
    console.log(`== ${gate.name} skipped: no ${missing.join(', ')}`);
    return { passed: 0, failed: 0, skipped: 1 };
  }
  const leftSeconds = budgetSeconds - (performance.now() - started) / 1000;
  const limitSeconds = Math.max(1, Math.min(gate.limitSeconds, leftSeconds));
  console.log(`== ${gate.name}: ${gate.command}`);
  const before = performance.now();
  const logPath = join(folder, 'output');
  const countsPath = join(folder, 'counts');
  const code = await run(gate.command, { limitSeconds, logPath, countsPath });
  const took = `${((performance.now() - before) / 1000).toFixed(1)} s`;
  const counts = gate.counts === true ? readCounts(countsPath) : undefined;
  if (code === 0 && (gate.counts !== true || (counts !== undefined && counts.passed > 0))) {
    const detail = counts === undefined ? '' : `, ${counts.passed} tests`;
    console.log(`== ${gate.name} ok${detail}, ${took}`);
    return counts ?? { passed: 1, failed: 0, skipped: 0 };
  }
  console.log(readFileSync(logPath, 'utf8').split('\n').slice(-tailLines).join('\n'));
  const why = code === 'limit' ? `its limit of ${limitSeconds.toFixed(0)} s` : `exit ${code}`;
  console.log(`== ${gate.name} FAILED: ${why}, ${took}`);
  // A run that stopped short, or failed without a failed test, still is one failure.
  return counts === undefined
    ? { passed: 0, failed: 1, skipped: 0 }
    : { ...counts, failed: Math.max(1, counts.failed) };
}

interface RunOptions {
  readonly limitSeconds: number;
  readonly logPath: string;
  readonly countsPath: string;
}

/** Resolves with the exit code, or `limit` when the command and all it started had to be ended. */
async function run(command: string, options: RunOptions): Promise<number | 'limit'> {
  rmSync(options.countsPath, { force: true });
  const log = openSync(options.logPath, 'w');
  const child = spawn(command, {
    shell: true,
    // A group of its own, so that the limit ends the children of the command too.
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...process.env, NO_COLOR: '1', TEST_COUNTS: options.countsPath },
  });
  closeSync(log);
  const end = (signal: NodeJS.Signals): void => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, signal);
    } catch {
      // The group ended by itself in between.
    }
  };
  const grace = setTimeout(() => end('SIGKILL'), (options.limitSeconds + 10) * 1000);
  let limit: NodeJS.Timeout | undefined;
  const overdue = new Promise<'limit'>((resolve) => {
    limit = setTimeout(() => {
      end('SIGTERM');
      child.once('exit', () => resolve('limit'));
    }, options.limitSeconds * 1000);
  });
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    // After the limit the exit only says that the signal arrived.
    child.once('exit', (code, signal) => setImmediate(() => resolve(code ?? (signal ? 1 : 0))));
  });
  try {
    return await Promise.race([overdue, ended]);
  } finally {
    clearTimeout(limit);
    clearTimeout(grace);
    // Whatever the command left running is not allowed to outlive it.
    end('SIGKILL');
  }
}

function readCounts(path: string): TestCounts | undefined {
  if (!existsSync(path)) return undefined;
  return JSON.parse(readFileSync(path, 'utf8')) as TestCounts;
}
