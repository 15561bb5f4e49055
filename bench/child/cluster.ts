/** One node of a cluster, for the benches scale, failure and startup. */
import { openSync, writeSync } from 'node:fs';
import type { Actor, Roles } from '../harness/agent.js';
import { pause, until } from '../harness/clock.js';
import { loadContender } from '../harness/load.js';
import type { ClusterNode, LossReport, Setup } from '../contender.js';

/** Options of the role. */
export interface NodeOptions {
  readonly module: string;
  readonly setup: Setup;
  readonly name: string;
}

/** A node's part in the ring: it sends to the next one and counts what comes from the one before. */
export interface RingArgs {
  readonly self: number;
  readonly next: number;
  readonly window: number;
  readonly seconds: number;
}

/** What a ring run gave at one node. */
export interface RingResult {
  readonly sent: number;
  readonly received: number;
  readonly seconds: number;
}

/** What a witness of a failure saw. */
export interface Witness {
  /** Highest number that came, and how many. */
  readonly last: number;
  readonly count: number;
  /** Times (of this machine's wall clock) at which the gap before an event was longer than `stallMs`. */
  readonly stalls: readonly number[];
  /** Losses that the system told this node. */
  readonly told: readonly LossReport[];
  /** When a sampled event came (wall time of this machine), and its delay, both in milliseconds. */
  readonly delays: readonly (readonly [at: number, delayMs: number])[];
}

/** How to load the survivors. */
export interface LoadArgs {
  readonly topic: string;
  readonly service: string;
  readonly eventsPerSec: number;
  readonly calls: number;
  readonly timeoutMs: number;
  readonly seconds: number;
}

/** What the loading node saw. */
export interface LoadResult {
  readonly published: number;
  /** For how many nodes the system accepted each event, counted by that number; `undefined` when it does not say. */
  readonly acceptedBy: readonly number[] | undefined;
  readonly callsDone: number;
  readonly callsFailed: number;
  /** Calls that settled neither by answer nor by error half a second past their deadline. */
  readonly callsHung: number;
  readonly disturbed: readonly number[];
  readonly told: readonly LossReport[];
}

/** Anything slower than this counts as a disturbance. */
const stallMs = 250;
const ackEvery = 32;
/** One event in so many has its delay kept. */
const delayEvery = 4;

/** One role: a node. */
export const roles: Roles = {
  node: async ({ module, setup, name }: NodeOptions): Promise<Actor> => {
    const { cluster } = await loadContender(module);
    if (cluster === undefined) throw new Error(`${module} has no cluster`);
    const node = await cluster.start(setup, name);
    const loss = watchLoss(node);
    const witness = new Watcher(node);
    const ring = new Ring(node);
    return {
      info: node.address,
      verbs: {
        members: () => node.members() ?? null,
        joined: async ({ members }: { readonly members: number }) => joined(node, members),
        rss: () => rest(),
        ring: async (args: RingArgs) => ring.run(args),
        prepareRing: async ({ self }: { readonly self: number }) => ring.prepare(self),
        interest: async ({ topics }: { readonly topics: readonly string[] }) => {
          for (const topic of topics) await node.subscribe(topic, () => ring.seen.add(topic));
        },
        reach: async ({ topics }: { readonly topics: readonly string[] }) => {
          for (const topic of topics) node.publish(topic, { probe: true });
          await pause(20);
        },
        reached: () => ring.seen.size,
        watch: async (args: { readonly topic: string; readonly file: string }) => witness.start(args),
        seen: (): Witness => ({ ...witness.result(), told: [...loss] }),
        serve: async ({ service }: { readonly service: string }) => node.serve(service),
        callable: async ({ service }: { readonly service: string }) => callable(node, service),
        load: async (args: LoadArgs) => load(node, args, loss),
      },
      stop: async () => node.stop(),
    };
  },
};

async function joined(node: ClusterNode, members: number): Promise<void> {
  if (node.members() === undefined) return;
  await until(`${members.toString()} members`, () => (node.members() ?? 0) >= members, 30_000);
}

function rest(): number {
  globalThis.gc?.();
  return process.memoryUsage.rss();
}

function watchLoss(node: ClusterNode): LossReport[] {
  const told: LossReport[] = [];
  node.onLoss((report) => void told.push(report));
  return told;
}

/** Each node publishes to the next one, which acknowledges over the bus itself every 32 events. */
class Ring {
  readonly seen = new Set<string>();
  readonly #node: ClusterNode;
  #received = 0;
  #acknowledged = 0;
  #wake = (): void => undefined;

  constructor(node: ClusterNode) {
    this.#node = node;
  }

  async prepare(self: number): Promise<void> {
    await this.#node.subscribe(`ring/${self.toString()}`, (value) => {
      const { from } = value as { readonly from?: number };
      if (from === undefined) {
        this.seen.add('ring');
        return;
      }
      this.#received += 1;
      if (this.#received % ackEvery === 0) this.#node.publish(`ack/${from.toString()}`, { count: ackEvery });
    });
    await this.#node.subscribe(`ack/${self.toString()}`, (value) => {
      if ((value as { readonly count?: number }).count === undefined) {
        this.seen.add('ack');
        return;
      }
      this.#acknowledged += ackEvery;
      this.#wake();
    });
  }

  async run({ self, next, window, seconds }: RingArgs): Promise<RingResult> {
    const topic = `ring/${next.toString()}`;
    const startedAt = performance.now();
    const receivedBefore = this.#received;
    let sent = 0;
    const origin = this.#acknowledged;
    const state = { running: true };
    const fill = (): void => {
      while (state.running && sent - (this.#acknowledged - origin) < window) {
        this.#node.publish(topic, { from: self, sequence: sent, temperature: 21.5, state: 'running' });
        sent += 1;
      }
    };
    this.#wake = fill;
    fill();
    await pause(seconds * 1000);
    state.running = false;
    const received = this.#received - receivedBefore;
    return { sent, received, seconds: (performance.now() - startedAt) / 1000 };
  }
}

/** Counts numbered events, and leaves the last number in a file that outlives the process. */
class Watcher {
  readonly #node: ClusterNode;
  readonly #stalls: number[] = [];
  readonly #delays: [number, number][] = [];
  #last = -1;
  #count = 0;
  #lastAt = 0;

  constructor(node: ClusterNode) {
    this.#node = node;
  }

  async start({ topic, file }: { readonly topic: string; readonly file: string }): Promise<void> {
    const out = openSync(file, 'w');
    const record = Buffer.alloc(16);
    await this.#node.subscribe(topic, (value) => {
      const { sequence, sentAt } = value as { readonly sequence: number; readonly sentAt: number };
      const now = performance.timeOrigin + performance.now();
      if (sequence % delayEvery === 0) this.#delays.push([now, now - sentAt]);
      if (this.#lastAt > 0 && now - this.#lastAt > stallMs) this.#stalls.push(now);
      this.#lastAt = now;
      this.#last = Math.max(this.#last, sequence);
      this.#count += 1;
      record.writeDoubleLE(this.#last, 0);
      record.writeDoubleLE(this.#count, 8);
      writeSync(out, record, 0, 16, 0);
    });
  }

  result(): Omit<Witness, 'told'> {
    return { last: this.#last, count: this.#count, stalls: this.#stalls, delays: this.#delays };
  }
}

async function callable(node: ClusterNode, service: string): Promise<void> {
  await until(`somebody to serve ${service}`, async () => {
    try {
      await node.call(service, { probe: true }, 1000);
      return true;
    } catch {
      // Nobody yet; the deadline of the wait reports it when nobody ever does.
      return false;
    }
  });
}

/** Publishes at a fixed rate and keeps calls in flight, noting everything that fails or is late. */
async function load(node: ClusterNode, args: LoadArgs, told: readonly LossReport[]): Promise<LoadResult> {
  const disturbed: number[] = [];
  const calls = { done: 0, failed: 0, hung: 0 };
  let acceptedBy: number[] | undefined;
  let published = 0;
  const state = { running: true };
  const startedAt = performance.now();
  const pump = setInterval(() => {
    const due = Math.floor(((performance.now() - startedAt) * args.eventsPerSec) / 1000);
    for (; published < due; published += 1) {
      const nodes = node.publish(args.topic, {
        sequence: published,
        sentAt: performance.timeOrigin + performance.now(),
      });
      if (nodes === undefined) continue;
      acceptedBy ??= [0, 0, 0];
      acceptedBy[nodes] = (acceptedBy[nodes] ?? 0) + 1;
    }
  }, 2);
  const caller = async (): Promise<void> => {
    while (state.running) {
      const from = performance.now();
      const outcome = await settle(node.call(args.service, { from }, args.timeoutMs), args.timeoutMs + 500);
      calls[outcome] += 1;
      if (outcome !== 'done' || performance.now() - from > stallMs) disturbed.push(Date.now());
      // A refused call must not spin.
      if (outcome !== 'done') await pause(10);
    }
  };
  const callers = Array.from({ length: args.calls }, caller);
  await pause(args.seconds * 1000);
  state.running = false;
  clearInterval(pump);
  await Promise.all(callers);
  return {
    published,
    acceptedBy,
    callsDone: calls.done,
    callsFailed: calls.failed,
    callsHung: calls.hung,
    disturbed,
    told: [...told],
  };
}

async function settle(work: Promise<unknown>, deadlineMs: number): Promise<'done' | 'failed' | 'hung'> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'hung'>((resolve) => {
    timer = setTimeout(() => resolve('hung'), deadlineMs);
  });
  const outcome = await Promise.race([
    work.then(
      () => 'done' as const,
      () => 'failed' as const,
    ),
    late,
  ]);
  clearTimeout(timer);
  return outcome;
}
