/** The process of the local benches: a bus with many subscriptions and nobody else. */
import type { Actor, Roles } from '../harness/agent.js';
import { loadContender } from '../harness/load.js';
import type { LocalBus } from '../contender.js';

/** What to subscribe and publish. */
export interface LocalOptions {
  readonly module: string;
  readonly variant: string;
  readonly shape: 'exact' | 'wildcard' | 'unique' | 'fan-out';
  readonly subscriptions: number;
  readonly seconds: number;
  readonly warmSeconds: number;
}

/** What it gave. */
export interface LocalResult {
  readonly publishes: number;
  readonly seconds: number;
  readonly cpuUs: number;
  readonly bytesPerSubscription: number;
}

/** Published in turn: enough that no single inline cache serves, few enough to be hot. */
const hotTopics = 8;
const burst = 1024;

/** One role: the bus. */
export const roles: Roles = {
  bus: async (options: LocalOptions): Promise<Actor> => {
    const { local } = await loadContender(options.module);
    if (local === undefined) throw new Error(`${options.module} has no local bus`);
    const { variant, shape } = options;
    const bus = await local.create(variant, shape === 'wildcard' || shape === 'unique');
    return {
      verbs: { run: async () => measure(bus, options, local.synchronous) },
      stop: async () => bus.stop?.(),
    };
  },
};

async function measure(bus: LocalBus, options: LocalOptions, synchronous: boolean): Promise<LocalResult> {
  let delivered = 0;
  const handler = (value: unknown): void => {
    if (value !== undefined) delivered += 1;
  };
  // Texts and handler are the program's own, and hashed as a program's would be: what the bus holds beside them is measured.
  const patterns = patternsOf(options);
  if (new Set(patterns).size === 0) throw new Error('nothing to subscribe to');
  const before = heapBytes();
  for (const pattern of patterns) bus.subscribe(pattern, handler);
  await bus.ready?.();
  const bytesPerSubscription = (heapBytes() - before) / patterns.length;
  const topics = topicsOf(options);
  const each = options.shape === 'fan-out' ? patterns.length : 1;
  const payload = { temperature: 21.5 };

  // Every topic is published once and must reach exactly whom the shape says.
  const checked = Math.min(topics.length, 1000);
  for (let index = 0; index < checked; index += 1) bus.publish(topics[index] ?? '', payload);
  if (!synchronous) await turn();
  if (delivered !== checked * each) {
    throw new Error(`${checked.toString()} publishes were delivered ${delivered.toString()} times`);
  }

  await flood(bus, topics, options.warmSeconds, synchronous);
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  const counted = delivered;
  const publishes = await flood(bus, topics, options.seconds, synchronous);
  const seconds = (performance.now() - startedAt) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  if (!synchronous) await turn();
  if (delivered - counted !== publishes * each) throw new Error('not every publish was delivered');
  return { publishes, seconds, cpuUs: user + system, bytesPerSubscription };
}

async function flood(bus: LocalBus, topics: readonly string[], seconds: number, synchronous: boolean): Promise<number> {
  const payload = { temperature: 21.5 };
  const endAt = performance.now() + seconds * 1000;
  let publishes = 0;
  let next = 0;
  while (performance.now() < endAt) {
    for (let index = 0; index < burst; index += 1) {
      bus.publish(topics[next] ?? '', payload);
      next += 1;
      if (next === topics.length) next = 0;
    }
    publishes += burst;
    if (!synchronous) await turn();
  }
  return publishes;
}

function patternsOf({ shape, subscriptions }: LocalOptions): string[] {
  const patterns: Readonly<Record<LocalOptions['shape'], (index: number) => string>> = {
    exact: (index) => `device/pump/dev-${index.toString()}/telemetry`,
    wildcard: (index) => `device/pump-${index.toString()}/*/telemetry`,
    unique: (index) => `device/pump-${index.toString()}/*/telemetry`,
    'fan-out': () => 'device/pump/dev-1/telemetry',
  };
  return Array.from({ length: subscriptions }, (_, index) => patterns[shape](index));
}

function topicsOf({ shape, subscriptions }: LocalOptions): string[] {
  const hot = Math.min(hotTopics, subscriptions);
  const spread = (index: number): string => Math.floor((index * subscriptions) / hot).toString();
  const make = (length: number, topic: (index: number) => string): string[] =>
    Array.from({ length }, (_, index) => topic(index));
  const topics: Readonly<Record<LocalOptions['shape'], () => string[]>> = {
    exact: () => make(hot, (index) => `device/pump/dev-${spread(index)}/telemetry`),
    wildcard: () => make(hot, (index) => `device/pump-${spread(index)}/dev-${index.toString()}/telemetry`),
    // So many different topics that each is as good as new when it comes round again.
    unique: () =>
      make(500_000, (index) => {
        const product = (index * 7919) % subscriptions;
        return `device/pump-${product.toString()}/dev-${index.toString()}/telemetry`;
      }),
    'fan-out': () => ['device/pump/dev-1/telemetry'],
  };
  return topics[shape]();
}

function heapBytes(): number {
  const collect = globalThis.gc;
  if (collect === undefined) throw new Error('start with --expose-gc');
  for (let pass = 0; pass < 3; pass += 1) collect();
  return process.memoryUsage().heapUsed;
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
