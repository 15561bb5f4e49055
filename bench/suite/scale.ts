/** Many nodes on one machine: total throughput in a ring, what interest costs, how long it takes to converge. */
import { type Agent, Crew } from '../harness/agents.js';
import { until } from '../harness/clock.js';
import type { Round } from '../harness/lines.js';
import { type Bench, type Run } from '../harness/run.js';
import type { Entry } from '../contender.js';
import type { RingResult } from '../child/cluster.js';
import { everyone, startCluster } from './cluster.js';

const topicsEach = 100;
const windowOf = 256;

/** The bench `scale`. */
export const scaleBench: Bench = {
  name: 'scale',
  summary: '2 to 16 nodes: total events a second, bytes of interest, convergence',
  cases: 4,
  weight: 6,
  async run(run) {
    for (const count of run.options.smoke ? [3] : [2, 4, 8, 16]) {
      const one = { name: `${count.toString()} nodes`, payload: undefined, concurrency: windowOf };
      await run.measure('cluster', [one], async (entry) => measure(run, entry, count), { takesPart: isCluster });
    }
  },
};

function isCluster({ name }: Entry): boolean {
  return name !== 'bare-node';
}

async function measure(run: Run, entry: Entry, count: number): Promise<Round> {
  const crew = new Crew();
  try {
    const broker = await run.broker(crew, entry);
    const startedAt = performance.now();
    const nodes = await startCluster(run, entry, { crew, broker }, count);
    const joinedMs = performance.now() - startedAt;

    const topicsOf = (index: number): string[] =>
      Array.from({ length: topicsEach }, (_, topic) => `interest/${index.toString()}/${topic.toString()}`);
    await crew.begin(nodes);
    const interestAt = performance.now();
    await everyone(nodes, 'interest', (index) => ({ topics: topicsOf(index) }));
    await reached(nodes, topicsEach, topicsOf);
    const interestMs = performance.now() - interestAt;
    const interest = await crew.end(nodes);
    const bytes = interest.reduce((sum, { writtenBytes }) => sum + writtenBytes, 0);

    await everyone(nodes, 'prepareRing', (self) => ({ self }));
    // Acknowledgements go the other way round.
    await reached(nodes, topicsEach + 1, (index) => [`ring/${index.toString()}`]);
    await reached(nodes, topicsEach + 2, (index) => [`ack/${((index + count - 2) % count).toString()}`]);
    const ring = async (seconds: number): Promise<RingResult[]> =>
      everyone<RingResult>(nodes, 'ring', (self) => ({
        self,
        next: (self + 1) % count,
        window: windowOf,
        seconds,
      }));
    const { seconds, warmSeconds } = run.options;
    await ring(warmSeconds);
    await crew.begin(nodes);
    const results = await ring(seconds);
    const usages = await crew.end(nodes);
    const received = results.reduce((sum, result) => sum + result.received, 0);
    if (received === 0) throw new Error('no event went round the ring');
    const cpuUs = usages.reduce((sum, usage) => sum + usage.cpuUs, 0);
    return {
      opsPerSec: results.reduce((sum, result) => sum + result.received / result.seconds, 0),
      cpuUsPerOpBySide: { nodes: cpuUs / received },
      rssPeakMiB: Math.max(...usages.map(({ rssPeakBytes }) => rssPeakBytes)) / 2 ** 20,
      figures: {
        'joined ms': joinedMs,
        'interest ms': interestMs,
        'interest B/topic': bytes / (count * topicsEach),
      },
    };
  } finally {
    await crew.stop();
  }
}

/** Each node publishes to the topics of the next one until so many have been seen everywhere. */
async function reached(nodes: readonly Agent[], topics: number, topicsOf: (index: number) => string[]): Promise<void> {
  await until('all interest to be known', async () => {
    await everyone(nodes, 'reach', (index) => ({ topics: topicsOf((index + 1) % nodes.length) }));
    const seen = await everyone<number>(nodes, 'reached');
    return seen.every((some) => some >= topics);
  });
}
