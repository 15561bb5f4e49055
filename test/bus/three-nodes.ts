import { createClusterBus, type ClusterBus } from '../../src/bus/create-cluster-bus.js';
import type { ClusterBusOptions } from '../../src/bus/cluster-options.js';
import type { EventBusOptions } from '../../src/bus/event-bus.js';
import type { BusHooks } from '../../src/bus/hooks.js';
import { TableRoom } from '../../src/cluster/table/table-room.js';
import { createMsgpackCodec } from '../../src/codec/msgpack-codec.js';
import { silentLogger } from '../../src/core/logger.js';
import type { LaneCodec } from '../../src/spi/codec.js';
import type { Metrics } from '../../src/spi/metrics.js';
import { noMetrics } from '../../src/spi/no-metrics.js';
import { MemoryLinks, type MemoryLinksOptions, type MemoryNode } from '../../src/testing/memory-links.js';
import { Simulator } from '../../src/testing/simulator.js';

/** How its nodes are made. */
export interface TestClusterOptions extends EventBusOptions, ClusterBusOptions {
  readonly links?: MemoryLinksOptions;
  readonly codecOf?: (name: string) => LaneCodec;
  readonly hooksOf?: (name: string) => BusHooks;
  readonly metricsOf?: (name: string) => Metrics;
  readonly exposeStacks?: boolean;
}

/** Buses of several nodes on memory links and one simulated timeline. */
export class TestCluster {
  readonly sim: Simulator;
  readonly hub: MemoryLinks;
  readonly #buses = new Map<string, ClusterBus>();
  readonly #tables = new Map<string, TableRoom>();
  readonly #memberships = new Map<string, MemoryNode['membership']>();
  readonly #options: TestClusterOptions;

  constructor(seed = 1, options: TestClusterOptions = {}) {
    this.sim = new Simulator({ seed });
    this.hub = new MemoryLinks(this.sim, options.links);
    this.#options = options;
  }

  bus(name: string): ClusterBus {
    const bus = this.#buses.get(name);
    if (bus === undefined) throw new Error(`no node ${name}`);
    return bus;
  }

  async add(...names: readonly string[]): Promise<void> {
    for (const name of names) await this.#start(name, this.hub.add(name));
    await this.sim.runAsync(100);
  }

  async restart(name: string): Promise<void> {
    await this.#end(name);
    await this.#start(name, this.hub.restart(name));
  }

  async kill(name: string): Promise<void> {
    await this.#end(name);
    this.hub.remove(name, 'failed');
  }

  /** Makes one node doubt another. */
  suspect(observer: string, name: string): void {
    const membership = this.#memberships.get(observer);
    const member = membership?.findMember(name);
    if (membership !== undefined && member !== undefined) membership.tell('suspect', member);
  }

  /** Makes one node believe that another has failed, and then find it again: the same life. */
  forget(observer: string, name: string): void {
    const membership = this.#memberships.get(observer);
    const member = membership?.findMember(name);
    if (membership === undefined || member === undefined) return;
    membership.tell('failed', member);
    membership.tell('joined', member);
  }

  async stop(): Promise<void> {
    for (const name of this.#buses.keys()) await this.#end(name);
    this.hub.stop();
  }

  async #end(name: string): Promise<void> {
    await this.#buses.get(name)?.stop();
    await this.#tables.get(name)?.stop();
    this.#buses.delete(name);
  }

  async #start(name: string, node: ReturnType<MemoryLinks['add']>): Promise<void> {
    const { links, membership, id } = node;
    this.#memberships.set(name, membership);
    const { codecOf, hooksOf, metricsOf, exposeStacks = false } = this.#options;
    const metrics = metricsOf?.(name) ?? noMetrics;
    const shared = { links, membership, clock: this.sim, logger: silentLogger, metrics };
    const tables = new TableRoom(shared);
    const random = this.sim.random.fork(`${name}@${id.epoch}`);
    const codec = codecOf?.(name) ?? createMsgpackCodec();
    const hooks = hooksOf?.(name);
    const options = hooks === undefined ? this.#options : { ...this.#options, hooks };
    const bus = createClusterBus({ ...shared, tables, random, self: id, codec, exposeStacks }, options);
    this.#tables.set(name, tables);
    this.#buses.set(name, bus);
    await tables.start();
    await bus.start();
  }
}
