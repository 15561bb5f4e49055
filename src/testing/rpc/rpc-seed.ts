import { call, channel, defineService, oneWay, stream } from '../../cluster/rpc/contract.js';
import type { RpcRoom } from '../../cluster/rpc/rpc-room.js';
import type { ServiceClient } from '../../cluster/rpc/service-types.js';
import { after } from '../../core/clock.js';
import { ClusterError } from '../../core/errors.js';
import { findRandom, type Random } from '../../core/random.js';
import { Simulator } from '../simulator.js';
import { createMsgpackCodec } from '../../codec/msgpack-codec.js';
import { MemoryRpc } from './memory-rpc.js';

/** What one simulated run does. */
export interface RpcSeedOptions {
  /** @defaultValue 4 */
  readonly nodes?: number;
  /** Calls of all kinds together. @defaultValue 200 */
  readonly calls?: number;
  /** Faults: lost links, delays, cuts, congestion, crashes, ordered stops. @defaultValue 20 */
  readonly faults?: number;
}

/** What came out of it. A run is good when `violations` is empty. */
export interface RpcSeedReport {
  readonly seed: number;
  /** What must never be, in words, with the simulated time. */
  readonly violations: readonly string[];
  readonly outcomes: Readonly<Record<string, number>>;
  /** Equal for two runs of one seed and build. */
  readonly fingerprint: number;
}

const worker = defineService('seed.worker', {
  version: '1.0.0',
  methods: {
    once: call<Job, string>(),
    again: call<Job, string>({ idempotent: true }),
    count: stream<Job, number>(),
    echo: channel<number, number>(),
    note: oneWay<Job>(),
  },
});

interface Job {
  readonly id: number;
  readonly workMs: number;
}

/**
 * Calls of every kind under lost links, delays, cuts, congestion and restarts, on one seeded timeline, and then a quiet end. Held
 * against it: every call settles by its deadline; what is not idempotent runs at most once; items keep their order; at the end
 * no call and no stream is left anywhere, and calls work again.
 */
export async function runRpcSeed(seed: number, options: RpcSeedOptions = {}): Promise<RpcSeedReport> {
  const run = new SeedRun(seed, { nodes: 4, calls: 200, faults: 20, ...options });
  return run.run();
}

/** A deadline may be noticed one tick of the wheel late, and the tick before may just have passed. */
const lateMaxMs = 25;

/** Items of one stream: a few windows of credit. */
const itemsMax = 64;

/** Short, so that faults meet calls. */
const runMs = 4000;

class SeedRun {
  readonly #simulator: Simulator;
  readonly #random: Random;
  readonly #cluster: MemoryRpc;
  readonly #options: Required<RpcSeedOptions>;
  readonly #names: readonly string[];
  readonly #clients = new Map<string, ServiceClient<typeof worker.methods>>();
  readonly #violations: string[] = [];
  readonly #outcomes: Record<string, number> = {};
  /** How often each job that must not run twice did. */
  readonly #ran = new Map<number, number>();
  #open = 0;
  #nextJob = 1;

  constructor(seed: number, options: Required<RpcSeedOptions>) {
    this.#simulator = new Simulator({ seed });
    this.#random = this.#simulator.random.fork('schedule');
    this.#options = options;
    this.#names = Array.from({ length: options.nodes }, (_, index) => `n${index + 1}`);
    // The codec of whole nodes, so that definitions meet the faults too.
    const made = { links: { silentMs: 600 }, codec: createMsgpackCodec() };
    this.#cluster = new MemoryRpc(this.#simulator, this.#simulator.random, made);
  }

  async run(): Promise<RpcSeedReport> {
    for (const name of this.#names) await this.#startNode(name);
    await this.#simulator.runAsync(200);
    this.#plan(this.#options.calls, () => this.#callSomething());
    this.#plan(this.#options.faults, () => this.#breakSomething());
    await this.#simulator.runAsync(runMs);
    this.#healAll();
    await this.#simulator.runUntil(() => this.#open === 0, 30_000);
    await this.#simulator.runAsync(5000);
    this.#checkQuiet();
    await this.#checkWorks();
    await this.#cluster.stop();
    await this.#simulator.runAsync(100);
    const { seed, fingerprint } = this.#simulator;
    return { seed, violations: this.#violations, outcomes: this.#outcomes, fingerprint };
  }

  #plan(count: number, act: () => void): void {
    const start = this.#simulator.now();
    for (let index = 0; index < count; index += 1) {
      this.#simulator.setTimer(after(start, this.#random.below(runMs)), act);
    }
  }

  async #startNode(name: string): Promise<void> {
    const { rpc } = await this.#cluster.add(name);
    this.#serve(rpc);
    this.#clients.set(name, rpc.client(worker, { timeoutMs: 2000, select: 'random' }));
  }

  #serve(rpc: RpcRoom): void {
    rpc.register(worker, {
      once: async (job) => {
        const times = (this.#ran.get(job.id) ?? 0) + 1;
        this.#ran.set(job.id, times);
        if (times > 1) this.#violate(`job ${job.id} ran ${times} times`);
        return this.#work(job);
      },
      again: (job) => this.#work(job),
      count: (job) => this.#count(job),
      echo: (input) => input,
      note: () => undefined,
    });
  }

  #work(job: Job): Promise<string> {
    return new Promise((resolve) => {
      this.#simulator.setTimer(after(this.#simulator.now(), job.workMs), () => resolve(`done ${job.id}`));
    });
  }

  async *#count(job: Job): AsyncGenerator<number, void, undefined> {
    const count = 1 + (job.workMs % itemsMax);
    for (let value = 1; value <= count; value += 1) {
      if (value % 8 === 0) await this.#work({ id: job.id, workMs: 20 });
      yield value;
    }
  }

  #callSomething(): void {
    const name = findRandom(this.#random, [...this.#clients.keys()]);
    const client = name === undefined ? undefined : this.#clients.get(name);
    if (client === undefined) return;
    const job = { id: this.#nextJob, workMs: this.#random.below(this.#random.below(8) === 0 ? 3000 : 200) };
    this.#nextJob += 1;
    const timeoutMs = 50 + this.#random.below(3000);
    switch (this.#random.below(6)) {
      case 0:
      case 1:
        this.#watch('once', timeoutMs, client.once(job, { timeoutMs }));
        return;
      case 2:
        this.#watch('again', timeoutMs, client.again(job, { timeoutMs }));
        return;
      case 3:
        this.#watch(
          'count',
          timeoutMs,
          this.#read(client.count(job, { timeoutMs, credit: 1 + this.#random.below(20) })),
        );
        return;
      case 4: {
        const abort = new AbortController();
        const items = client.echo(this.#count(job), { timeoutMs, signal: abort.signal });
        if (this.#random.below(3) === 0) {
          this.#simulator.setTimer(after(this.#simulator.now(), this.#random.below(500)), () => abort.abort());
        }
        this.#watch('echo', timeoutMs, this.#read(items));
        return;
      }
      default:
        this.#watch('note', timeoutMs, client.note(job, { timeoutMs }));
    }
  }

  async #read(items: AsyncIterable<number>): Promise<void> {
    let last = 0;
    const leaveAt = this.#random.below(4) === 0 ? 1 + this.#random.below(30) : Number.POSITIVE_INFINITY;
    for await (const item of items) {
      if (item !== last + 1) this.#violate(`item ${item} after ${last}`);
      last = item;
      if (item >= leaveAt) return;
    }
  }

  #watch(kind: string, timeoutMs: number, promise: Promise<unknown>): void {
    const startedAt = this.#simulator.now();
    this.#open += 1;
    const settle = (outcome: string): void => {
      this.#open -= 1;
      const key = `${kind} ${outcome}`;
      this.#outcomes[key] = (this.#outcomes[key] ?? 0) + 1;
      this.#simulator.mark(key.length);
      const tookMs = this.#simulator.now() - startedAt;
      if (tookMs > timeoutMs + lateMaxMs) this.#violate(`${kind} took ${tookMs} ms of ${timeoutMs}`);
    };
    promise.then(
      () => settle('ok'),
      (error: unknown) => {
        if (!(error instanceof ClusterError)) this.#violate(`${kind} threw ${String(error)}`);
        settle(error instanceof ClusterError ? error.code : 'other');
      },
    );
  }

  #breakSomething(): void {
    const [left, right] = [this.#anyName(), this.#anyName()];
    if (left === right) return;
    const { hub } = this.#cluster;
    const laterMs = 50 + this.#random.below(1500);
    switch (this.#random.below(7)) {
      case 0:
      case 1:
        hub.drop(left, right);
        return;
      case 2:
        hub.delay(left, right, this.#random.below(300));
        return;
      case 3:
        hub.cut(left, right);
        this.#later(laterMs, () => hub.heal(left, right));
        return;
      case 4:
        hub.congest(left, right, true);
        this.#later(laterMs, () => hub.congest(left, right, false));
        return;
      case 5:
        void this.#restart(left, () => this.#cluster.crash(left));
        return;
      default:
        void this.#restart(left, () => this.#cluster.leave(left, 500));
    }
  }

  async #restart(name: string, end: () => Promise<void>): Promise<void> {
    if (!this.#clients.delete(name)) return;
    await end();
    this.#later(this.#random.below(1000), () => void this.#startNode(name));
  }

  #later(delayMs: number, act: () => void): void {
    this.#simulator.setTimer(after(this.#simulator.now(), delayMs), act);
  }

  #healAll(): void {
    const { hub } = this.#cluster;
    for (const left of this.#names) {
      for (const right of this.#names) {
        if (left === right) continue;
        hub.heal(left, right);
        hub.delay(left, right, 1);
        hub.congest(left, right, false);
      }
    }
  }

  #checkQuiet(): void {
    if (this.#open > 0) this.#violate(`${this.#open} calls never settled`);
    for (const [name, { rpc }] of this.#cluster.nodes) {
      const { made, served } = rpc.inFlight;
      if (made + served > 0) this.#violate(`${name} still has ${made} calls made and ${served} served`);
    }
    // Tables keep one channel each way on every link, and each channel is seen at both ends.
    const idle = 2 * this.#names.length * (this.#names.length - 1);
    const streams = this.#cluster.hub.streamCount();
    if (streams !== idle) this.#violate(`${streams} streams are open, not ${idle}`);
    if (this.#cluster.hub.violations > 0) this.#violate('items were sent without credit');
  }

  async #checkWorks(): Promise<void> {
    for (const [name, client] of this.#clients) {
      for (const node of this.#names) {
        const job = { id: this.#nextJob, workMs: 1 };
        this.#nextJob += 1;
        try {
          await this.#simulator.settle(client.once(job, { node }), 10_000);
        } catch (error) {
          this.#violate(`after all, ${name} cannot call ${node}: ${String(error)}`);
        }
      }
    }
  }

  #anyName(): string {
    return findRandom(this.#random, this.#names) ?? '';
  }

  #violate(what: string): void {
    this.#violations.push(`at ${this.#simulator.now()} ms: ${what}`);
  }
}
