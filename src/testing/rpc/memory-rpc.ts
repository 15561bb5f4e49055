import { must } from '../../core/assert.js';
import type { Clock } from '../../core/clock.js';
import { silentLogger } from '../../core/logger.js';
import type { Random } from '../../core/random.js';
import { TableRoom } from '../../cluster/table/table-room.js';
import type { RpcOptions } from '../../cluster/rpc/rpc-options.js';
import { RpcRoom } from '../../cluster/rpc/rpc-room.js';
import type { Codec } from '../../spi/codec.js';
import type { Metrics } from '../../spi/metrics.js';
import { MemoryLinks, type MemoryLinksOptions, type MemoryNode } from '../memory-links.js';
import { plainCodec } from './plain-codec.js';

/** What a cluster in memory is made of. */
export interface MemoryRpcOptions {
  readonly links?: MemoryLinksOptions;
  readonly rpc?: RpcOptions;
  /** @defaultValue JSON */
  readonly codec?: Codec;
  readonly metrics?: Metrics;
}

/** One node with links, tables and calls. */
export interface MemoryRpcNode {
  readonly node: MemoryNode;
  readonly tables: TableRoom;
  readonly rpc: RpcRoom;
}

/** Nodes that call each other over links in memory, on one clock. */
export class MemoryRpc {
  readonly hub: MemoryLinks;
  readonly nodes: Map<string, MemoryRpcNode> = new Map();
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #options: MemoryRpcOptions;

  constructor(clock: Clock, random: Random, options: MemoryRpcOptions = {}) {
    this.#clock = clock;
    this.#random = random;
    this.#options = options;
    this.hub = new MemoryLinks(clock, options.links);
  }

  /** Adds a node and starts its rooms. */
  add(name: string, rpc: RpcOptions = {}): Promise<MemoryRpcNode> {
    return this.#start(this.hub.add(name), rpc);
  }

  /** The running node of this name. */
  get(name: string): MemoryRpcNode {
    return must(this.nodes.get(name), `a node ${name}`);
  }

  /** Ends a node as a crash would: its links break, its calls stop. */
  async crash(name: string): Promise<void> {
    const { rpc, tables } = this.get(name);
    this.nodes.delete(name);
    this.hub.remove(name);
    await rpc.stop();
    await tables.stop();
  }

  /** Ends a node in order: withdrawn, refusing, drained. */
  async leave(name: string, drainMs: number): Promise<void> {
    const { rpc, tables } = this.get(name);
    await rpc.withdraw(drainMs);
    rpc.refuse();
    await rpc.finish(drainMs);
    await rpc.stop();
    await tables.stop();
    this.nodes.delete(name);
    this.hub.remove(name, 'left');
  }

  /** Stops everything. */
  async stop(): Promise<void> {
    for (const { rpc, tables } of this.nodes.values()) {
      await rpc.stop();
      await tables.stop();
    }
    this.hub.stop();
  }

  async #start(node: MemoryNode, rpcOptions: RpcOptions): Promise<MemoryRpcNode> {
    const { links, membership } = node;
    const metrics = this.#options.metrics ?? noMetrics;
    const shared = { links, membership, clock: this.#clock, metrics, logger: silentLogger };
    const tables = new TableRoom(shared);
    const codec = this.#options.codec ?? plainCodec;
    const rpc = new RpcRoom(
      { ...shared, tables, codec, stockCodecs: [plainCodec], random: this.#random.fork(`rpc ${node.id.name}`) },
      { ...this.#options.rpc, ...rpcOptions },
    );
    await tables.start();
    await rpc.start();
    const running = { node, tables, rpc };
    this.nodes.set(node.id.name, running);
    return running;
  }
}

const nothing = (): void => undefined;

/** Counts nothing. */
const noMetrics: Metrics = {
  counter: () => ({ add: nothing }),
  gauge: () => ({ set: nothing }),
  histogram: () => ({ observe: nothing }),
};
