/** What it costs a simulated cluster of ten nodes to learn of very many subscriptions of one of them. */
import { measureInterest, type InterestForm } from '../../src/testing/bus/interest-run.js';
import type { Round } from '../harness/lines.js';
import { type Bench, type Run } from '../harness/run.js';

const nodes = 10;

/** The bench `interest`. */
export const interestBench: Bench = {
  name: 'interest',
  summary: 'very many subscriptions of one node of ten, simulated: bytes to each peer, time until all know',
  cases: 3,
  weight: 1,
  async run(run) {
    const many = run.options.smoke ? 2000 : 100_000;
    await measure(run, 'each', many);
    await measure(run, 'set', many / 2);
    await measure(run, 'set', many);
  },
};

async function measure(run: Run, form: InterestForm, subscriptions: number): Promise<void> {
  const count = subscriptions.toLocaleString('en');
  const name = form === 'each' ? `${count} subscriptions` : `one set of ${count}`;
  // The timeline is seeded: every round would give the same figures, so they are measured once.
  let measured: Promise<Round> | undefined;
  const once = async (): Promise<Round> => {
    const cost = await measureInterest(nodes, subscriptions, form);
    return {
      figures: {
        'converged ms': cost.convergedMs,
        'bytes to a peer': cost.bytesPerPeer,
        'B/topic': cost.bytesPerPeer / subscriptions,
        'stray of 10,000': cost.strangers,
      },
    };
  };
  await run.alone({ name, payload: undefined, concurrency: 1 }, () => (measured ??= once()));
  const figures = run.line(name, 'scalebus')?.figures;
  // Few subscriptions share too little of what every cluster sends.
  if (run.options.smoke || figures?.['B/topic'] === undefined) return;
  run.goal(name, 'B/topic', figures['B/topic'], { atMost: 6 });
  run.goal(name, 'converged ms', figures['converged ms'] ?? Number.POSITIVE_INFINITY, { atMost: 1000 });
}
