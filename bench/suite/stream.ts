/** Streams: items a second with credit, and the memory of both sides when the consumer never reads. */
import { pause } from '../harness/clock.js';
import { Crew } from '../harness/agents.js';
import type { Round } from '../harness/lines.js';
import { type Bench, type Case, costOf, metered, type Run } from '../harness/run.js';
import type { Entry } from '../contender.js';
import { type Payload, payloadText } from '../payload.js';
import type { StreamResult } from '../child/stream.js';

const kiB = 1024;
/** Both sides together may grow by this while nobody reads: buffers of sockets, slabs and credit. */
const growthMaxMiB = 64;

/** The bench `stream`. */
export const streamBench: Bench = {
  name: 'stream',
  summary: 'items a second with credit; memory when the consumer never reads',
  cases: 5,
  weight: 8,
  takes: ['payload'],
  async run(run) {
    const { payload, smoke } = run.options;
    const sizes: readonly Payload[] = payload === undefined ? (smoke ? ['iot'] : [100, 'iot', 16 * kiB]) : [payload];
    const items = sizes.map((size) => caseOf('items', size));
    await run.measure('stream', items, async (entry, one) => measure(run, entry, one, flow));
    const slow = [caseOf('stalled', 16 * kiB)];
    await run.measure('stream', slow, async (entry, one) => measure(run, entry, one, stall));
    const frozen = [caseOf('frozen', 16 * kiB)];
    await run.measure('stream', frozen, async (entry, one) => measure(run, entry, one, freeze));
    for (const { name } of [...slow, ...frozen]) {
      const growth = run.line(name, 'scalebus')?.figures?.['growth MiB'];
      if (growth !== undefined) run.goal(name, 'growth MiB', growth, { atMost: growthMaxMiB });
    }
  },
};

function caseOf(what: string, payload: Payload): Case {
  return { name: `${what} ${payloadText(payload)}`, payload, concurrency: 1 };
}

type Work = (run: Run, crew: StreamCrew) => Promise<Round>;

interface StreamCrew {
  readonly crew: Crew;
  readonly server: ReturnType<Crew['prepare']>;
  readonly client: ReturnType<Crew['prepare']>;
}

async function measure(run: Run, entry: Entry, { payload = 100 }: Case, work: Work): Promise<Round> {
  const crew = new Crew();
  try {
    const module = 'bench/child/stream.ts';
    const server = crew.prepare(`${entry.name} server`);
    const client = crew.prepare(`${entry.name} client`);
    const first = await run.setup(entry, { payload, broker: undefined });
    const options = { module: entry.module, setup: first };
    const address = await crew.create<string>(server, { name: '', module, role: 'server', options });
    const setup = await run.setup(entry, { payload, broker: undefined, index: 1, peers: [address] });
    await crew.create(client, { name: '', module, role: 'client', options: { module: entry.module, setup } });
    return await work(run, { crew, server, client });
  } finally {
    await crew.stop();
  }
}

async function flow(run: Run, { crew, server, client }: StreamCrew): Promise<Round> {
  const { seconds, warmSeconds } = run.options;
  const watched = [
    { side: 'client', agent: client },
    { side: 'server', agent: server },
  ];
  // One stream warms up and is measured: a second one on the same link would still share it with the first one's rest.
  const broker = { address: undefined, cost: async () => Promise.resolve({ cpuUs: 0, rssPeakBytes: 0 }) };
  const { answer, sides } = await metered(crew, watched, broker, async () =>
    client.ask<StreamResult>('run', { seconds: seconds + warmSeconds }),
  );
  if (answer.failure !== undefined) throw new Error(`the stream failed: ${answer.failure}`);
  if (answer.wrong > 0) throw new Error(`${answer.wrong.toString()} items were wrong or out of order`);
  if (answer.items === 0) throw new Error('no item came');
  return { opsPerSec: answer.items / answer.seconds, ...costOf(answer.items, sides) };
}

async function stall(run: Run, { server, client }: StreamCrew): Promise<Round> {
  const both = [server, client];
  const before = await Promise.all(both.map(async (agent) => agent.ask<number>('rss')));
  await client.ask('stall');
  await pause(run.options.seconds * 1000);
  const after = await Promise.all(both.map(async (agent) => agent.ask<number>('rss')));
  const grown = after.map((bytes, index) => (bytes - (before[index] ?? 0)) / 2 ** 20);
  const [serverMiB = 0, clientMiB = 0] = grown;
  return { figures: { 'growth MiB': serverMiB + clientMiB, 'server MiB': serverMiB, 'client MiB': clientMiB } };
}

/** The consumer's process stops in the middle of a stream: what the server keeps for it must be bounded. */
async function freeze(run: Run, { server, client }: StreamCrew): Promise<Round> {
  const before = await server.ask<number>('rss');
  await client.ask('open');
  client.signal('SIGSTOP');
  await pause(run.options.seconds * 1000);
  const after = await server.ask<number>('rss');
  client.signal('SIGKILL');
  return { figures: { 'growth MiB': (after - before) / 2 ** 20 } };
}
