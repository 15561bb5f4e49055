/** Delays at half of each contender's own maximum, at a fixed rate and counted from when each operation was due. */
import { Crew } from '../harness/agents.js';
import type { LoopResult } from '../harness/closed-loop.js';
import type { Round } from '../harness/lines.js';
import type { OpenLoopResult } from '../harness/open-loop.js';
import type { Percentiles } from '../harness/samples.js';
import { type Bench, type Case, type Run } from '../harness/run.js';
import type { Entry } from '../contender.js';
import type { FloodResult, Seen } from '../child/bus.js';
import { assembleBus, type BusCase, resetBus, warmUpBus } from './bus.js';
import { assembleRpc, warmUp } from './rpc.js';

const share = 0.5;
/**
 * At the rate, before delays are taken: two processes that begin together are put on one core as often as not, and it takes the system
 * up to a tenth of a second to part them. Counted, that alone would be the p99 of a run of a few seconds.
 */
const settleSeconds = 0.3;
const calls: Case = { name: 'rpc 100 B', payload: 100, concurrency: 64 };
const events: BusCase = {
  name: 'bus iot',
  payload: 'iot',
  concurrency: 512,
  publishers: 1,
  subscribers: 1,
  grouped: false,
  confirm: undefined,
};

/** The bench `latency`. */
export const latencyBench: Bench = {
  name: 'latency',
  summary: 'p50 to p99.9 at half of the own maximum, without coordinated omission',
  cases: 2,
  weight: 7,
  async run(run) {
    await run.measure('rpc', [calls], async (entry, one) => measureCalls(run, entry, one));
    await run.measure('bus', [events], async (entry) => measureEvents(run, entry));
    for (const name of [calls.name, events.name]) {
      const mine = run.line(name, 'scalebus');
      const limit = run.line(name, 'limit');
      if (mine?.p99us === undefined || limit?.p99us === undefined) continue;
      run.goal(name, 'p99 above the limit, us', mine.p99us - limit.p99us, { atMost: 2000 });
      run.goal(name, 'p99.9 above the limit, us', (mine.p999us ?? 0) - (limit.p999us ?? 0), { atMost: 10_000 });
    }
  },
};

async function measureCalls(run: Run, entry: Entry, { payload = 100, concurrency }: Case): Promise<Round> {
  const crew = new Crew();
  try {
    const broker = await run.broker(crew, entry);
    const { client } = await assembleRpc(run, entry, payload, { crew, broker });
    const { seconds } = run.options;
    await warmUp(run, client, { payload, concurrency });
    const most = await client.ask<LoopResult>('run', { concurrency, seconds });
    const ratePerSec = (most.ops / most.seconds) * share;
    const paced = await client.ask<OpenLoopResult>('paced', { ratePerSec, seconds, settleSeconds });
    if (paced.failed > 0) throw new Error(`${paced.failed.toString()} calls failed`);
    return roundAt(paced.done / paced.seconds, paced.delays);
  } finally {
    await crew.stop();
  }
}

async function measureEvents(run: Run, entry: Entry): Promise<Round> {
  const crew = new Crew();
  try {
    const broker = await run.broker(crew, entry);
    const ready = await assembleBus(run, entry, events, { crew, broker });
    const [publisher] = ready.publishers;
    const [subscriber] = ready.subscribers;
    if (publisher === undefined || subscriber === undefined) throw new Error('nobody to measure');
    const { seconds } = run.options;
    await warmUpBus(run, ready, events);
    const most = await publisher.ask<FloodResult>('run', { window: events.concurrency, seconds });
    await resetBus(ready);
    const ratePerSec = (most.inTime / most.seconds) * share;
    const paced = await publisher.ask<FloodResult>('paced', { ratePerSec, seconds, settleSeconds }, 120_000);
    const { wrong, delays } = await subscriber.ask<Seen>('seen');
    if (wrong > 0) throw new Error(`${wrong.toString()} events were wrong`);
    const lost = paced.sent - paced.arrived;
    return { ...roundAt(paced.arrived / paced.seconds, delays), ...(lost > 0 ? { figures: { lost } } : {}) };
  } finally {
    await crew.stop();
  }
}

function roundAt(opsPerSec: number, { p50us, p99us, p999us, maxUs }: Percentiles): Round {
  return { opsPerSec, p50us, p99us, p999us, figures: { 'max us': maxUs } };
}
