import { call, defineService, type MethodDefinition, type ServiceContract } from '../cluster/rpc/contract.js';
import type { Random } from '../core/random.js';
import { findRandom } from '../core/random.js';
import type { ClusterNode } from '../runtime/cluster-node.js';
import { SimCluster } from './sim-cluster.js';
import type { SimOutcome, SimScenario } from './sim-scenario.js';

/**
 * Whole nodes under faults, then a quiet time: afterwards every live node sees the same members, every node reaches every other by a
 * call, an event of each reaches each other exactly once, and all of them stop in order.
 */
export const nodeScenario: SimScenario = {
  name: 'nodes',
  summary: 'whole nodes: joins, kills, restarts, partitions, stalls; then one view, calls and events everywhere',
  run: async (seed) => {
    const run = new NodeRun(seed);
    return run.run();
  },
};

type EchoMethods = { readonly echo: MethodDefinition<'call', string, string> };

const echoService: ServiceContract<EchoMethods> = defineService('sim.echo', {
  version: '1.0.0',
  methods: { echo: call<string, string>({ idempotent: true }) },
});

const chaosSteps = 12;
const healMaxMs = 90_000;
const linkedMaxMs = 30_000;

class NodeRun {
  readonly #cluster: SimCluster;
  readonly #random: Random;
  readonly #names: readonly string[];
  readonly #faults: string[] = [];
  readonly #counts = { starts: 0, kills: 0, stops: 0, partitions: 0, stalls: 0, losses: 0, calls: 0, events: 0 };

  constructor(seed: number) {
    const count = 3 + (seed % 3);
    this.#names = Array.from({ length: count }, (_, index) => `n${index + 1}`);
    this.#cluster = new SimCluster(seed, this.#names);
    this.#random = this.#cluster.simulator.random.fork('scenario');
  }

  async run(): Promise<SimOutcome> {
    for (const name of this.#names) await this.#start(name);
    for (let step = 0; step < chaosSteps; step += 1) await this.#disturb();
    this.#cluster.network.faults.heal();
    this.#cluster.network.faults.setEverywhere({ lossPercent: 0 });
    for (const name of this.#names) if (!this.#cluster.running.includes(name)) await this.#start(name);
    await this.#check();
    await this.#stopAll();
    return {
      ok: this.#faults.length === 0,
      faults: this.#faults,
      fingerprint: this.#cluster.simulator.fingerprint,
      counts: this.#counts,
    };
  }

  async #start(name: string): Promise<void> {
    this.#counts.starts += 1;
    const started = this.#cluster.start(name).then((node) => serve(node));
    await this.#settle(`start of ${name}`, started, 30_000);
  }

  async #disturb(): Promise<void> {
    const { network } = this.#cluster;
    const name = findRandom(this.#random, this.#cluster.running) ?? '';
    switch (this.#random.below(6)) {
      case 0:
        if (this.#cluster.running.length < 2) break;
        this.#counts.kills += 1;
        this.#cluster.kill(name, this.#random.below(2) === 0 ? 'reset' : 'silent');
        break;
      case 1:
        await this.#startMissing();
        break;
      case 2:
        this.#counts.partitions += 1;
        network.faults.isolate(name);
        break;
      case 3:
        network.faults.heal();
        break;
      case 4:
        this.#counts.stalls += 1;
        network.machine(name).loop.stall(this.#random.below(4000), 'timer');
        break;
      default:
        this.#counts.losses += 1;
        network.faults.setEverywhere({ lossPercent: this.#random.below(20) });
    }
    await this.#cluster.pass(500 + this.#random.below(4000));
  }

  async #startMissing(): Promise<void> {
    const missing = this.#names.find((one) => !this.#cluster.running.includes(one));
    if (missing !== undefined) await this.#start(missing);
  }

  async #check(): Promise<void> {
    const isOneView = (): boolean => this.#nodes().every((node) => aliveNames(node) === this.#names.join());
    if (!(await this.#cluster.simulator.runUntil(isOneView, healMaxMs))) {
      for (const node of this.#nodes()) this.#faults.push(`${node.name} sees ${describe(node)} after healing`);
      return;
    }
    const isKnown = (): boolean =>
      this.#nodes().every((node) => node.rpc.instances('sim.echo').length === this.#names.length);
    if (!(await this.#cluster.simulator.runUntil(isKnown, 15_000))) {
      for (const node of this.#nodes()) {
        this.#faults.push(
          `${node.name} knows ${node.rpc
            .instances('sim.echo')
            .map((one) => one.node)
            .join()} as instances`,
        );
      }
      return;
    }
    for (const from of this.#nodes()) for (const to of this.#names) await this.#checkCall(from, to);
    for (const from of this.#nodes()) await this.#checkEvent(from);
  }

  /** A link that lost its connection in a cut is dialled again within its back-off, so a call is tried until then. */
  async #checkCall(from: ClusterNode, to: string): Promise<void> {
    this.#counts.calls += 1;
    const client = from.rpc.client(echoService, { timeoutMs: 2000 });
    const untilMs = this.#cluster.simulator.now() + linkedMaxMs;
    let last = '';
    while (this.#cluster.simulator.now() < untilMs) {
      const attempt = client.echo('hello', { node: to }).catch((error: unknown) => String(error));
      last = await this.#cluster.settle(attempt, 10_000);
      if (last === `hello ${to}`) return;
      await this.#cluster.pass(500);
    }
    this.#faults.push(`call from ${from.name} to ${to} for ${linkedMaxMs} ms: ${last}`);
  }

  async #checkEvent(from: ClusterNode): Promise<void> {
    this.#counts.events += 1;
    const topic = `/sim/check/${from.name}`;
    const got = new Map<string, number>();
    const subscriptions = this.#nodes().map((node) =>
      node.bus.subscribe(topic, () => {
        got.set(node.name, (got.get(node.name) ?? 0) + 1);
      }),
    );
    const ready = Promise.all(subscriptions.map((one) => one.ready({ scope: 'cluster', timeoutMs: 5000 })));
    await this.#settle(`subscriptions to ${topic}`, ready, 6000);
    from.bus.publish(topic, { from: from.name });
    await this.#cluster.pass(1000);
    for (const name of this.#names) {
      if (got.get(name) !== 1) this.#faults.push(`${name} got the event of ${from.name} ${got.get(name) ?? 0} times`);
    }
    for (const subscription of subscriptions) subscription.stop();
  }

  async #stopAll(): Promise<void> {
    for (const name of this.#cluster.running) {
      this.#counts.stops += 1;
      await this.#settle(`stop of ${name}`, this.#cluster.stop(name), 30_000);
    }
  }

  async #settle<T>(what: string, promise: Promise<T>, maxMs: number): Promise<T | undefined> {
    try {
      return await this.#cluster.settle(promise, maxMs);
    } catch (error) {
      this.#faults.push(`${what}: ${String(error)}`);
      return undefined;
    }
  }

  #nodes(): readonly ClusterNode[] {
    return this.#cluster.running.map((name) => this.#cluster.node(name));
  }
}

function serve(node: ClusterNode): void {
  node.rpc.register(echoService, { echo: (text) => `${text} ${node.name}` });
}

function aliveNames(node: ClusterNode): string {
  const alive = node.members().filter((member) => member.status === 'alive');
  return alive
    .map((member) => member.name)
    .toSorted()
    .join();
}

function describe(node: ClusterNode): string {
  return node
    .members()
    .map((member) => `${member.name} ${member.status}`)
    .join(', ');
}
