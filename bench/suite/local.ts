/** Publishing inside one process, by number and kind of subscriptions. */
import { Crew } from '../harness/agents.js';
import type { Round } from '../harness/lines.js';
import { type Bench, type Case, type Run } from '../harness/run.js';
import type { Entry } from '../contender.js';
import type { LocalOptions, LocalResult } from '../child/local.js';

interface LocalCase extends Case {
  readonly shape: LocalOptions['shape'];
  readonly subscriptions: number;
}

const all: readonly (readonly [LocalOptions['shape'], number])[] = [
  ['exact', 10],
  ['exact', 1000],
  ['exact', 100_000],
  ['exact', 1_000_000],
  ['wildcard', 10],
  ['wildcard', 1000],
  ['wildcard', 100_000],
  ['unique', 100_000],
  ['fan-out', 1000],
];
const smoke: readonly (readonly [LocalOptions['shape'], number])[] = [
  ['exact', 100_000],
  ['wildcard', 1000],
  ['fan-out', 1000],
];
/** They have no wildcards. */
const exactOnly = new Set(['rxjs', 'events']);
/** Subscribing to a service each is all that Moleculer offers: beyond this it does not end in time. */
const moleculerMax = 1000;

/** The bench `local`. */
export const localBench: Bench = {
  name: 'local',
  summary: 'publishes a second in one process, by subscriptions; memory of a subscription',
  cases: 9,
  weight: 10,
  async run(run) {
    for (const [shape, subscriptions] of run.options.smoke ? smoke : all) {
      const name = `${shape} ${subscriptions.toLocaleString('en')}`;
      const rivals = shape === 'wildcard' ? ['eventemitter2'] : [];
      const one: LocalCase = { name, payload: undefined, concurrency: 1, shape, subscriptions, rivals };
      await run.measure('local', [one], async (entry) => measure(run, entry, one), { takesPart: takesPart(one) });
    }
    goals(run);
  },
};

function takesPart({ shape, subscriptions }: LocalCase): (entry: Entry) => boolean {
  return ({ name, family }) => {
    if (exactOnly.has(name) && (shape === 'wildcard' || shape === 'unique')) return false;
    return family !== 'moleculer' || subscriptions <= moleculerMax;
  };
}

async function measure(run: Run, entry: Entry, { shape, subscriptions }: LocalCase): Promise<Round> {
  const crew = new Crew();
  try {
    const { seconds, warmSeconds } = run.options;
    const options: LocalOptions = {
      module: entry.module,
      variant: entry.variant,
      shape,
      subscriptions,
      seconds,
      warmSeconds,
    };
    const { agent } = await crew.add({
      name: entry.name,
      module: 'bench/child/local.ts',
      role: 'bus',
      options,
      nodeFlags: ['--expose-gc', '--max-old-space-size=4096'],
    });
    const result = await agent.ask<LocalResult>('run', undefined, 180_000);
    return {
      opsPerSec: result.publishes / result.seconds,
      cpuUsPerOpBySide: { process: result.cpuUs / result.publishes },
      figures: { 'B/subscription': result.bytesPerSubscription },
    };
  } finally {
    await crew.stop();
  }
}

function goals(run: Run): void {
  const few = run.line('exact 10', 'scalebus')?.opsPerSec;
  const many = run.line('exact 1,000,000', 'scalebus');
  if (few !== undefined) run.goal('exact 10', 'publishes/s', few, { atLeast: 10_000_000 });
  if (few !== undefined && many?.opsPerSec !== undefined) {
    const times = Number((few / many.opsPerSec).toPrecision(3));
    run.goal('exact 1,000,000', 'slower than at 10, times', times, { atMost: 3 });
  }
  const bytes = many?.figures?.['B/subscription'];
  if (bytes !== undefined) run.goal('exact 1,000,000', 'B/subscription', bytes, { atMost: 300 });
  run.ratioGoal('wildcard 1,000', 'eventemitter2', 5);
  run.ratioGoal('wildcard 100,000', 'eventemitter2', 5);
  const unique = run.line('unique 100,000', 'scalebus')?.opsPerSec;
  if (unique !== undefined) run.goal('unique 100,000', 'publishes/s', unique, { atLeast: 1_000_000 });
}
