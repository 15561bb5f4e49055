import assert from 'node:assert/strict';
import { call, defineService } from '../../src/cluster/rpc/contract.js';
import { after } from '../../src/core/clock.js';
import { ClusterError } from '../../src/core/errors.js';
import type { ClusterNode } from '../../src/runtime/cluster-node.js';
import { SimCluster } from '../../src/testing/sim-cluster.js';

const worker = defineService('test.worker', {
  version: '1.0.0',
  methods: { once: call<number, string>(), again: call<number, string>({ idempotent: true }) },
});

const servers = ['n1', 'n2', 'n3'];
const workMsMax = 200;

describe('a rolling restart of three whole nodes under load', function rolling() {
  this.timeout(60_000);

  for (let seed = 1; seed <= 8; seed += 1) {
    it(`fails no call when they drain, idempotent or not (sim seed ${seed})`, async () => {
      const run = new Run(seed);
      for (const name of [...servers, 'caller']) await run.start(name);
      const load = run.beginLoad('caller');
      for (const name of servers) {
        await run.cluster.pass(500);
        await run.cluster.settle(run.cluster.stop(name), 20_000);
        await run.cluster.pass(500);
        await run.start(name);
      }
      await run.cluster.pass(500);
      await run.cluster.settle(load.end(), 20_000);
      assert.deepEqual(run.failures, []);
      assert.deepEqual(
        [...run.ran.values()].filter((times) => times > 1),
        [],
        'a call that is not idempotent ran twice',
      );
      assert.ok(run.answered > 1000, `${run.answered} calls`);
      const lives = servers.flatMap((name) => [`${name} life 1`, `${name} life 2`]);
      for (const life of lives) assert.ok(run.seen.has(life), `${life} answered nothing: ${[...run.seen].join()}`);
    });
  }

  it('cuts off what does not end within drainMs, and that is told as a call that may have run', async () => {
    const run = new Run(99);
    for (const name of ['n1', 'caller']) await run.start(name, { drainMs: 50 });
    const client = run.cluster.node('caller').rpc.client(worker);
    const cut = client.once(150).catch((error: unknown) => error);
    await run.cluster.pass(20);
    await run.cluster.settle(run.cluster.stop('n1'), 20_000);
    const error = await run.cluster.settle(cut, 1000);
    assert.ok(error instanceof ClusterError && error.code === 'link-lost', String(error));
  });
});

class Run {
  readonly cluster: SimCluster;
  readonly failures: string[] = [];
  readonly seen = new Set<string>();
  /** How often each call that must not run twice did. */
  readonly ran = new Map<number, number>();
  answered = 0;
  readonly #lives = new Map<string, number>();
  #next = 1;

  constructor(seed: number) {
    this.cluster = new SimCluster(seed, [...servers, 'caller']);
  }

  async start(name: string, options: { readonly drainMs?: number } = {}): Promise<ClusterNode> {
    const node = await this.cluster.settle(this.cluster.start(name, options), 30_000);
    const life = (this.#lives.get(name) ?? 0) + 1;
    this.#lives.set(name, life);
    if (name === 'caller') return node;
    const answer = async (workMs: number): Promise<string> => {
      await this.#work(workMs % (workMsMax + 1));
      return `${name} life ${life}`;
    };
    node.rpc.register(worker, {
      once: (id) => {
        this.ran.set(id, (this.ran.get(id) ?? 0) + 1);
        return answer(id);
      },
      again: answer,
    });
    return node;
  }

  /** Calls of both kinds from one node, some dozens at any time. */
  beginLoad(from: string): { end(): Promise<void> } {
    const client = this.cluster.node(from).rpc.client(worker, { select: 'random' });
    const load = { isEnding: false };
    const callOn = async (method: 'once' | 'again'): Promise<void> => {
      while (!load.isEnding) {
        this.#next += 1;
        try {
          this.seen.add(await client[method](this.#next));
          this.answered += 1;
        } catch (error) {
          this.failures.push(`${method}: ${String(error)}`);
          await this.#work(1);
        }
      }
    };
    const callers = Array.from({ length: 32 }, (_, index) => callOn(index % 2 === 0 ? 'once' : 'again'));
    return {
      end: async () => {
        load.isEnding = true;
        await Promise.all(callers);
      },
    };
  }

  #work(durationMs: number): Promise<void> {
    const { simulator } = this.cluster;
    return new Promise((resolve) => {
      simulator.setTimer(after(simulator.now(), durationMs), resolve);
    });
  }
}
