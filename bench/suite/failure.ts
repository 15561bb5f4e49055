/**
 * One of three nodes is killed, or stopped, under load. What was lost, who was told, which calls hung, and how long the
 * other two were disturbed.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Agent, Crew } from '../harness/agents.js';
import { pause } from '../harness/clock.js';
import type { Round } from '../harness/lines.js';
import { type Bench, type Run } from '../harness/run.js';
import type { Entry } from '../contender.js';
import type { LoadResult, Witness } from '../child/cluster.js';
import { everyone, startCluster } from './cluster.js';
import { failureFigures } from './failure-figures.js';

const topic = 'failure/events';
const service = 'failure';
const eventsPerSec = 10_000;
const calls = 32;
const timeoutMs = 2000;

/** The bench `failure`. */
export const failureBench: Bench = {
  name: 'failure',
  summary: 'kill -9 and SIGSTOP of one of three under load: losses told and untold, hanging calls, recovery',
  cases: 2,
  weight: 8,
  async run(run) {
    const cases = run.options.smoke ? (['SIGKILL'] as const) : (['SIGKILL', 'SIGSTOP'] as const);
    for (const signal of cases) {
      const name = signal === 'SIGKILL' ? 'kill -9' : 'stop';
      const one = { name, payload: undefined, concurrency: calls };
      await run.measure('cluster', [one], async (entry) => measure(run, entry, signal), { takesPart: isCluster });
    }
    const killed = run.line('kill -9', 'scalebus')?.figures;
    if (killed === undefined) return;
    run.goal('kill -9', 'untold losses', killed['untold'] ?? Number.NaN, { atMost: 0 });
    run.goal('kill -9', 'hung calls', killed['hung calls'] ?? Number.NaN, { atMost: 0 });
    run.goal('kill -9', 'disturbed ms', killed['disturbed ms'] ?? Number.NaN, { atMost: 2000 });
    const beside = run.line('stop', 'scalebus')?.figures?.['p99 beside / before'];
    if (beside !== undefined) run.goal('stop', 'p99 beside / before', beside, { atMost: 1.5 });
  },
};

function isCluster({ name }: Entry): boolean {
  return name !== 'bare-node';
}

async function measure(run: Run, entry: Entry, signal: 'SIGKILL' | 'SIGSTOP'): Promise<Round> {
  const crew = new Crew();
  const dir = mkdtempSync(join(tmpdir(), 'scalebus-bench-'));
  try {
    const broker = await run.broker(crew, entry);
    const nodes = await startCluster(run, entry, { crew, broker }, 3);
    const [loader, survivor, victim] = nodes;
    if (loader === undefined || survivor === undefined || victim === undefined) {
      throw new Error('three nodes are needed');
    }
    const fileOf = (index: number): string => join(dir, index.toString());
    await everyone([survivor, victim], 'watch', (index) => ({ topic, file: fileOf(index) }));
    await everyone([survivor, victim], 'serve', () => ({ service }));
    await loader.ask('callable', { service });
    await settled(loader, [fileOf(0), fileOf(1)]);
    /** Under load before the signal. */
    const beforeSeconds = run.options.smoke ? 1 : 2;
    const afterSeconds = Math.max(run.options.seconds, run.options.smoke ? 2 : 8);
    const seconds = beforeSeconds + afterSeconds;
    const from = [0, 1].map((index) => readWitness(fileOf(index)).count);
    const loading = loader.ask<LoadResult>(
      'load',
      { topic, service, eventsPerSec, calls, timeoutMs, seconds },
      120_000,
    );
    await pause(beforeSeconds * 1000);
    const at = Date.now();
    victim.signal(signal);
    const result = await loading;
    if (signal === 'SIGSTOP') victim.signal('SIGCONT');
    // A node that was only stopped still has to take what waits for it, and to tell what it missed.
    if (signal === 'SIGSTOP') await pause(run.options.smoke ? 500 : 3000);
    const kept = await survivor.ask<Witness>('seen');
    const alive = signal === 'SIGSTOP' ? await victim.ask<Witness>('seen') : undefined;
    const counts = [0, 1].map((index) => readWitness(fileOf(index)).count - (from[index] ?? 0));
    const acceptedByDefault = beforeSeconds * eventsPerSec;
    return { figures: failureFigures({ result, kept, alive, counts, at, seconds, acceptedByDefault }) };
  } finally {
    await crew.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Publishes probes until both watchers have seen some, and no more is under way. */
async function settled(loader: Agent, files: readonly string[]): Promise<void> {
  const endAt = performance.now() + 30_000;
  let last = '';
  for (;;) {
    const counts = files.map((file) => readWitness(file).count);
    const known = counts.every((count) => count > 0);
    if (known && counts.join() === last) return;
    if (performance.now() > endAt) throw new Error('events do not reach both watchers');
    last = counts.join();
    if (!known) await loader.ask('load', { topic, service, eventsPerSec: 50, calls: 1, timeoutMs, seconds: 0.1 });
    await pause(100);
  }
}

function readWitness(file: string): { readonly last: number; readonly count: number } {
  const bytes = readFileSync(file);
  return bytes.length < 16 ? { last: -1, count: 0 } : { last: bytes.readDoubleLE(0), count: bytes.readDoubleLE(8) };
}
