/** From the start of a process to a member of a three-node cluster, and its memory when nothing happens. */
import { Crew } from '../harness/agents.js';
import { pause } from '../harness/clock.js';
import type { Round } from '../harness/lines.js';
import { type Bench, type Run } from '../harness/run.js';
import type { Entry } from '../contender.js';
import { addNode, nextSetup } from './cluster.js';

/** The bench `startup`. */
export const startupBench: Bench = {
  name: 'startup',
  summary: 'process start to joined in a three-node cluster; memory at rest',
  cases: 1,
  weight: 4,
  async run(run) {
    const one = { name: 'third node', payload: undefined, concurrency: 1, rivals: ['bare-node'] };
    // Bare Node is what the goal compares with, so it always takes part.
    await run.measure('cluster', [one], async (entry) => measure(run, entry), {
      also: run.options.smoke ? [] : ['bare-node'],
    });
    const mine = run.line(one.name, 'scalebus')?.figures;
    const bare = run.line(one.name, 'bare-node')?.figures;
    if (mine?.['joined ms'] !== undefined) run.goal(one.name, 'joined ms', mine['joined ms'], { atMost: 400 });
    if (mine?.['rest MiB'] !== undefined && bare?.['rest MiB'] !== undefined) {
      run.goal(one.name, 'MiB above bare Node', mine['rest MiB'] - bare['rest MiB'], { atMost: 40 });
    }
  },
};

async function measure(run: Run, entry: Entry): Promise<Round> {
  const crew = new Crew();
  try {
    const broker = await run.broker(crew, entry);
    const count = 3;
    const first = crew.prepare(`${entry.name} node 0`);
    const second = crew.prepare(`${entry.name} node 1`);
    const peers: string[] = [];
    const place = { crew, broker, count, peers };
    await addNode(run, entry, place, first);
    await addNode(run, entry, place, second);
    await Promise.all([first, second].map(async (agent) => agent.ask('joined', { members: 2 })));

    const setup = JSON.stringify(await nextSetup(run, entry, place));
    const args = [entry.module, setup, 'node-2', count.toString()];
    const startedAt = performance.now();
    const third = crew.prepare(`${entry.name} node 2`, ['--expose-gc'], { file: 'bench/child/joiner.ts', args });
    await third.ask('joined');
    const joinedMs = performance.now() - startedAt;
    await pause(Math.min(2000, run.options.seconds * 1000));
    const bytes = await third.ask<number>('rss');
    return { figures: { 'joined ms': joinedMs, 'rest MiB': bytes / 2 ** 20 } };
  } finally {
    await crew.stop();
  }
}
