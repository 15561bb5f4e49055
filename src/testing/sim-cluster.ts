import { addressToText } from '../core/address.js';
import { ClusterError } from '../core/errors.js';
import type { WireVersions } from '../core/limits.js';
import { silentLogger } from '../core/logger.js';
import type { Random } from '../core/random.js';
import type { ClusterNode } from '../runtime/cluster-node.js';
import { createNodeIn } from '../runtime/create-node.js';
import type { NodeEnvironment } from '../runtime/environment.js';
import { NodeCipher } from '../runtime/node-cipher.js';
import { createOptionSources } from '../runtime/node-environment.js';
import { NodeSecrets } from '../runtime/node-secrets.js';
import { type NodeOptions, resolveNodeOptions } from '../runtime/options.js';
import { lan } from '../runtime/profiles.js';
import { noMetrics } from '../spi/no-metrics.js';
import type { Secrets } from '../spi/secrets.js';
import { SimNetwork } from './sim-network.js';
import { Simulator } from './simulator.js';

/** The port of every simulated node; machines have an address each. */
const simPort = 7700;

/** Whole nodes, the production assembly, on one seeded timeline. */
export class SimCluster {
  readonly simulator: Simulator;
  readonly network: SimNetwork;
  readonly #nodes = new Map<string, ClusterNode>();
  readonly #lives = new Map<string, number>();
  readonly #seeds: readonly string[];

  /** `names` are the machines and the nodes on them; the first ones are the seeds. */
  constructor(seed: number, names: readonly string[]) {
    this.simulator = new Simulator({ seed });
    this.network = new SimNetwork(this.simulator);
    this.#seeds = names.slice(0, 3).map((host) => addressToText({ host, port: simPort }));
  }

  /** The node of this name that runs, or did. */
  node(name: string): ClusterNode {
    const node = this.#nodes.get(name);
    if (node === undefined) throw new ClusterError('not-found', `there is no simulated node ${name}`);
    return node;
  }

  /** Names of the nodes that were started and neither killed nor stopped. */
  get running(): readonly string[] {
    return [...this.#nodes.keys()];
  }

  /**
   * Starts a node on its machine; resolves as `ClusterNode.start` does, in simulated time. `wireVersions` makes it a build that speaks
   * other wire versions than this one.
   */
  async start(name: string, options: NodeOptions = {}, wireVersions?: WireVersions): Promise<ClusterNode> {
    const life = (this.#lives.get(name) ?? 0) + 1;
    this.#lives.set(name, life);
    this.network.revive(name);
    const given: NodeOptions = {
      name,
      host: name,
      port: simPort,
      ...(options.nodes === undefined ? { seeds: this.#seeds } : {}),
      insecure: true,
      profile: lan(8),
      ...options,
    };
    const versions = wireVersions === undefined ? {} : { wireVersions };
    const resolved = resolveNodeOptions(given, createOptionSources());
    const node = createNodeIn({ ...this.#environment(name, life, given), ...versions }, resolved);
    this.#nodes.set(name, node);
    await node.start();
    return node;
  }

  /** Stops a node in order. */
  async stop(name: string): Promise<void> {
    const node = this.node(name);
    await node.stop();
    this.#nodes.delete(name);
  }

  /** Ends a node's process in an instant; see `SimNetwork.kill`. */
  kill(name: string, how: 'reset' | 'silent'): void {
    this.network.kill(name, how);
    this.#nodes.delete(name);
  }

  /** Lets simulated time pass until the promise settles; throws `deadline-exceeded` when it does not within `maxMs`. */
  async settle<T>(promise: Promise<T>, maxMs: number): Promise<T> {
    let settled = false;
    const mark = (): void => {
      settled = true;
    };
    promise.then(mark, mark);
    if (!(await this.simulator.runUntil(() => settled, maxMs))) {
      throw new ClusterError('deadline-exceeded', `not settled within ${maxMs} ms of simulated time`);
    }
    return promise;
  }

  /** Lets simulated time pass. */
  async pass(durationMs: number): Promise<void> {
    await this.simulator.runUntil(() => false, durationMs);
  }

  #environment(name: string, life: number, given: NodeOptions): NodeEnvironment {
    const machine = this.network.machine(name);
    const random = this.simulator.random.fork(`${name} life ${life}`);
    return {
      clock: machine.clock,
      random,
      secrets: seededSecrets(random.fork('secrets')),
      cipher: new NodeCipher(),
      datagrams: machine.datagrams,
      connections: machine.connections,
      deviceConnections: machine.connections,
      logger: given.logger ?? silentLogger,
      metrics: given.metrics ?? noMetrics,
      publicHost: () => name,
    };
  }
}

/** Real keyed hashes over nonces that the sim seed decides. */
function seededSecrets(random: Random): Secrets {
  const real = new NodeSecrets();
  return {
    randomBytes: (length) => Uint8Array.from({ length }, () => random.below(256)),
    hmac: (key, message) => real.hmac(key, message),
    isEqual: (left, right) => real.isEqual(left, right),
  };
}
