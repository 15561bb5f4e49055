/** Events: from one to one, one to ten nodes, ten to one, to a group, and with confirmation. */
import { type Agent, Crew } from '../harness/agents.js';
import type { LoopResult } from '../harness/closed-loop.js';
import type { Round } from '../harness/lines.js';
import { type Bench, type Case, costOf, metered, type Place, type Run } from '../harness/run.js';
import type { Entry } from '../contender.js';
import { type Payload, payloadText } from '../payload.js';
import type { FloodResult, Seen, SubscriberInfo } from '../child/bus.js';
import { roundOf } from './rpc.js';

/** Who publishes to whom. */
export interface BusCase extends Case {
  readonly payload: Payload;
  readonly publishers: number;
  readonly subscribers: number;
  readonly grouped: boolean;
  /** Level of confirmation; `undefined` floods. */
  readonly confirm: string | undefined;
}

const base = { publishers: 1, subscribers: 1, grouped: false, confirm: undefined, concurrency: 512 };
const shapes = {
  '1:1': base,
  '1:10': { ...base, subscribers: 10 },
  '10:1': { ...base, publishers: 10, concurrency: 64 },
  group: { ...base, subscribers: 3, grouped: true },
  written: { ...base, confirm: 'written', concurrency: 64 },
  delivered: { ...base, confirm: 'delivered', concurrency: 64 },
  handled: { ...base, confirm: 'handled', concurrency: 64 },
};
type Shape = keyof typeof shapes;

const chosen: readonly (readonly [Shape, Payload])[] = [
  ['1:1', 'iot'],
  ['1:1', 16],
  ['1:1', 200],
  ['1:1', 4096],
  ['1:10', 'iot'],
  ['10:1', 'iot'],
  ['group', 'iot'],
  ['written', 'iot'],
  ['delivered', 'iot'],
  ['handled', 'iot'],
];
/**
 * The goals speak of one message an event, and of the same object in each peer's documented codec: that is JSON for both, which
 * NATS shows in its guides and Moleculer has by default. Their lines with another serializer stand in the table beside it.
 */
const otherNats = ['nats-batched', 'nats-msgpackr'];
const otherMoleculer = ['moleculer-notepack', 'moleculer-cbor'];
/** The case that the goals compare. */
const compared = '1:1 iot';
const smoke: readonly (readonly [Shape, Payload])[] = [
  ['1:1', 'iot'],
  ['1:10', 'iot'],
  ['group', 'iot'],
  ['delivered', 'iot'],
];

/** The bench `bus`. */
export const busBench: Bench = {
  name: 'bus',
  summary: 'events between processes: 1:1, 1:10, 10:1, groups, confirmations',
  cases: 10,
  weight: 28,
  takes: ['payload', 'concurrency'],
  async run(run) {
    const cases = busCases(run);
    for (const one of cases) {
      await run.measure('bus', [one], async (entry) => measureBus(run, entry, one), {
        takesPart: (contender) => takesPart(contender, one),
        also: run.options.smoke ? [] : variantsOf(one),
      });
    }
    // Compiled shapes are what a user gets; msgpackr alone is measured beside them.
    run.ratioGoal(compared, 'limit', 0.7);
    run.ratioGoal(compared, 'nats', 10, { except: otherNats });
    run.ratioGoal(compared, 'moleculer', 15, { except: otherMoleculer });
    run.ratioGoal(compared, 'scalebus-msgpackr', 2);
    run.ratioGoal(compared, 'limit', 0.7, { mine: 'scalebus-msgpackr' });
    run.ratioGoal(compared, 'nats', 5, { except: otherNats, mine: 'scalebus-msgpackr' });
    run.ratioGoal(compared, 'moleculer', 15, { except: otherMoleculer, mine: 'scalebus-msgpackr' });
    run.ratioGoal('1:10 iot', 'limit', 0.6);
  },
};

/** Forms of ours that say something in a case. */
function variantsOf({ name, confirm }: BusCase): readonly string[] {
  // What is only written has no answer to stay awake for.
  if (confirm === 'delivered' || confirm === 'handled') return ['scalebus-awake'];
  return name === compared ? ['scalebus-msgpackr'] : [];
}

function takesPart({ name, groups, confirms }: Entry, one: BusCase): boolean {
  if (name.startsWith('scalebus-')) return variantsOf(one).includes(name);
  return (!one.grouped || groups === true) && (one.confirm === undefined || confirms === true);
}

function busCases({ options }: Run): BusCase[] {
  const all = options.smoke ? smoke : chosen;
  const left = options.payload === undefined ? all : all.filter(([, payload]) => payload === options.payload);
  const some = left.length > 0 ? left : [['1:1', options.payload ?? 'iot'] as const];
  return some.map(([shape, payload]) => {
    const settings = shapes[shape];
    const concurrency = options.concurrency ?? settings.concurrency;
    const name = `${shape} ${payloadText(payload)}`;
    return { ...settings, concurrency, payload, name, rivals: name === compared ? ['nats', 'moleculer'] : [] };
  });
}

/** The processes of one measurement, ready to flood. */
export interface BusCrew {
  readonly publishers: readonly Agent[];
  readonly subscribers: readonly Agent[];
}

/** Starts subscribers, then publishers, waits until events arrive everywhere, and checks a thousand of them. */
export async function assembleBus(run: Run, entry: Entry, one: BusCase, { crew, broker }: Place): Promise<BusCrew> {
  const module = 'bench/child/bus.ts';
  const { payload, grouped } = one;
  const count = one.publishers + one.subscribers;
  const topics = Array.from({ length: one.publishers }, (_, index) => `bench/events/${index.toString()}`);
  const group = one.grouped ? 'workers' : undefined;
  const name = (role: string, index: number): string => `${entry.name} ${role} ${index.toString()}`;
  const subscribers = Array.from({ length: one.subscribers }, (_, index) => crew.prepare(name('subscriber', index)));
  const publishers = Array.from({ length: one.publishers }, (_, index) => crew.prepare(name('publisher', index)));
  const peers: string[] = [];
  const creditPorts: number[] = [];
  for (const [index, agent] of subscribers.entries()) {
    const setup = await run.setup(entry, { payload, broker: broker.address, count, index, grouped, peers: [...peers] });
    const options = { module: entry.module, setup, topics, group };
    const info = await crew.create<SubscriberInfo>(agent, { name: '', module, role: 'subscriber', options });
    peers.push(info.address);
    creditPorts.push(info.creditPort);
  }
  for (const [topic, agent] of publishers.entries()) {
    const index = one.subscribers + topic;
    const setup = await run.setup(entry, { payload, broker: broker.address, count, index, grouped, peers });
    const options = { module: entry.module, setup, topics, group, topic, creditPorts };
    await crew.create(agent, { name: '', module, role: 'publisher', options });
  }
  await ask(publishers, 'probe');
  const ready = { publishers, subscribers };
  await check(ready, one);
  return ready;
}

const checked = 1000;

async function check(crew: BusCrew, one: BusCase): Promise<void> {
  await resetBus(crew, true);
  await ask(crew.publishers, 'count', { events: checked });
  const seen = await Promise.all(crew.subscribers.map(async (agent) => agent.ask<Seen>('seen')));
  const wrong = seen.reduce((sum, { wrong: some }) => sum + some, 0);
  const count = seen.reduce((sum, { count: some }) => sum + some, 0);
  const expected = checked * one.publishers * (one.grouped ? 1 : one.subscribers);
  if (wrong > 0) throw new Error(`${wrong.toString()} events of the check were wrong`);
  if (count !== expected) throw new Error(`the check got ${count.toString()} of ${expected.toString()} events`);
}

/** Counts from zero again on both sides. */
export async function resetBus({ publishers, subscribers }: BusCrew, exact = false): Promise<void> {
  await ask(subscribers, 'reset', { exact });
  await ask(publishers, 'reset');
}

/**
 * Code is compiled by how often it ran, not by how long: a slow contender's first second has it all still interpreted. So short events
 * go on until there were `warmEvents` of them, within four times the given time; the counters begin again after it.
 */
export async function warmUpBus(run: Run, crew: BusCrew, { payload, concurrency }: BusCase): Promise<void> {
  const { warmSeconds: seconds, smoke: isSmoke } = run.options;
  let eventsLeft = !isSmoke && (payload === 'iot' || payload <= 1024) ? warmEvents : 1;
  for (let slice = 0; slice < warmSlicesMax && eventsLeft > 0; slice += 1) {
    await resetBus(crew);
    const floods = await ask<FloodResult>(crew.publishers, 'run', { window: concurrency, seconds });
    eventsLeft -= floods.reduce((sum, { inTime }) => sum + inTime, 1);
  }
  await resetBus(crew);
}

const warmEvents = 400_000;
const warmSlicesMax = 4;

async function measureBus(run: Run, entry: Entry, one: BusCase): Promise<Round> {
  const crew = new Crew();
  try {
    const broker = await run.broker(crew, entry);
    const ready = await assembleBus(run, entry, one, { crew, broker });
    const { publishers, subscribers } = ready;
    const { seconds } = run.options;
    const watched = [
      ...publishers.map((agent) => ({ side: 'publisher', agent })),
      ...subscribers.map((agent) => ({ side: 'subscriber', agent })),
    ];
    if (one.confirm !== undefined) {
      const args = { concurrency: one.concurrency, level: one.confirm };
      await ask(publishers, 'confirmed', { ...args, seconds: run.options.warmSeconds });
      const { answer, sides } = await metered(crew, watched, broker, async () =>
        ask<LoopResult>(publishers, 'confirmed', { ...args, seconds }),
      );
      const [only] = answer;
      if (only === undefined) throw new Error('no publisher');
      return roundOf(only, sides);
    }
    await warmUpBus(run, ready, one);
    const { answer, sides } = await metered(crew, watched, broker, async () =>
      ask<FloodResult>(publishers, 'run', { window: one.concurrency, seconds }),
    );
    const seen = await ask<Seen>(subscribers, 'seen');
    return floodRound(one, answer, seen, sides);
  } finally {
    await crew.stop();
  }
}

function floodRound(
  one: BusCase,
  floods: readonly FloodResult[],
  seen: readonly Seen[],
  sides: Parameters<typeof costOf>[1],
): Round {
  const wrong = seen.reduce((sum, { wrong: some }) => sum + some, 0);
  if (wrong > 0) throw new Error(`${wrong.toString()} events were wrong or out of order`);
  const sent = floods.reduce((sum, flood) => sum + flood.sent, 0);
  const rate = floods.reduce((sum, flood) => sum + flood.inTime / flood.seconds, 0);
  const copies = one.grouped ? 1 : one.subscribers;
  const arrived = seen.reduce((sum, { count }) => sum + count, 0);
  if (arrived === 0) throw new Error('no event arrived');
  const delays = seen.map(({ delays: some }) => some).toSorted((left, right) => right.p99us - left.p99us)[0];
  const figures = {
    ...(copies > 1 ? { 'delivered/s': rate * copies } : {}),
    ...(sent * copies > arrived ? { lost: sent * copies - arrived } : {}),
  };
  return {
    opsPerSec: rate,
    ...(delays === undefined || delays.count === 0
      ? {}
      : { p50us: delays.p50us, p99us: delays.p99us, p999us: delays.p999us }),
    ...costOf(sent, sides),
    ...(Object.keys(figures).length === 0 ? {} : { figures }),
  };
}

async function ask<T = unknown>(agents: readonly Agent[], verb: string, args?: unknown): Promise<T[]> {
  return Promise.all(agents.map(async (agent) => agent.ask<T>(verb, args, 120_000)));
}
