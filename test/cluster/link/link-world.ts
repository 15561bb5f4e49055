import assert from 'node:assert/strict';
import { createHmac, timingSafeEqual } from 'node:crypto';
import { type Address, addressToText } from '../../../src/core/address.js';
import type { Clock } from '../../../src/core/clock.js';
import type { Logger } from '../../../src/core/logger.js';
import { silentLogger } from '../../../src/core/logger.js';
import { type Random, SeededRandom } from '../../../src/core/random.js';
import type { Connection, Connections } from '../../../src/spi/connections.js';
import type { Secrets } from '../../../src/spi/secrets.js';
import type { LinkEvent } from '../../../src/spi/links.js';
import type { EngineFactory } from '../../../src/cluster/link/link-engine.js';
import { LinkManager } from '../../../src/cluster/link/link-manager.js';
import { type GivenLinkOptions, resolveLinkOptions } from '../../../src/cluster/link/link-options.js';
import { MemoryNetwork } from '../../../src/cluster/transport/memory-network.js';
import { MemoryMembership, memoryMember } from '../../../src/testing/memory-membership.js';
import { Simulator } from '../../../src/testing/simulator.js';
import { CountedMetrics } from '../../testing/counted-metrics.js';

/** Real HMAC, seeded nonces. */
export class TestSecrets implements Secrets {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  randomBytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.#random.below(256));
  }

  hmac(key: Uint8Array, message: Uint8Array): Uint8Array {
    return createHmac('sha256', key).update(message).digest();
  }

  isEqual(left: Uint8Array, right: Uint8Array): boolean {
    return left.length === right.length && timingSafeEqual(left, right);
  }
}

/** Connections that remember what they made, so that a test can break it. */
export class TappedConnections implements Connections {
  readonly #inner: Connections;
  readonly dialed: Connection[] = [];
  /** Dials fail while it is set. */
  isCut = false;

  constructor(inner: Connections) {
    this.#inner = inner;
  }

  listen: Connections['listen'] = (local, accept) => this.#inner.listen(local, accept);

  dial: Connections['dial'] = async (to, options) => {
    const connection = await this.#inner.dial(this.isCut ? { ...to, port: 9 } : to, options);
    this.dialed.push(connection);
    return connection;
  };
}

/** One node's links with everything that they need. */
export interface LinkNode {
  readonly name: string;
  readonly address: Address;
  readonly links: LinkManager;
  readonly membership: MemoryMembership;
  readonly metrics: CountedMetrics;
  readonly connections: TappedConnections;
  readonly events: string[];
}

/** What a node is made with. */
export interface NodeParts {
  readonly name: string;
  readonly epoch?: number;
  readonly address: Address;
  readonly clock: Clock;
  readonly connections: Connections;
  readonly options?: GivenLinkOptions;
  readonly logger?: Logger;
  readonly createEngine?: EngineFactory;
}

/** Makes and starts a node's links. */
export function makeNode(parts: NodeParts): LinkNode {
  const { name, epoch = 1, address, clock } = parts;
  const random = new SeededRandom(name.length * 7919 + name.charCodeAt(name.length - 1) + epoch);
  const metrics = new CountedMetrics();
  const connections = new TappedConnections(parts.connections);
  const self = { name, epoch, address: addressToText(address) };
  const membership = new MemoryMembership({ name, epoch }, self.address);
  const links = new LinkManager(
    {
      self,
      clock,
      random,
      secrets: new TestSecrets(random.fork('secrets')),
      connections,
      membership,
      logger: parts.logger ?? silentLogger,
      metrics,
      ...(parts.createEngine === undefined ? {} : { createEngine: parts.createEngine }),
    },
    resolveLinkOptions(parts.options),
  );
  const events: string[] = [];
  links.listen((event) => events.push(describe(event)));
  links.start();
  return { name, address, links, membership, metrics, connections, events };
}

/** Lets two nodes know of each other as members. */
export function introduce(left: LinkNode, right: LinkNode): void {
  left.membership.tell('joined', memoryMember(right.links.self, right.links.self.address));
  right.membership.tell('joined', memoryMember(left.links.self, left.links.self.address));
}

/** Nodes on one simulated network. */
export class LinkWorld {
  readonly simulator: Simulator;
  readonly network: MemoryNetwork;
  readonly nodes: LinkNode[] = [];

  constructor(seed = 1) {
    this.simulator = new Simulator({ seed });
    this.network = new MemoryNetwork({ clock: this.simulator, lingerMs: 300 });
  }

  async add(name: string, options: GivenLinkOptions = {}, epoch = 1): Promise<LinkNode> {
    const address = { host: `10.0.0.${this.nodes.length + 1}`, port: 7000 };
    const { connections } = this.network.host(address.host);
    const clock = this.simulator;
    const node = makeNode({ name, epoch, address, clock, connections, options });
    await this.simulator.settle(
      connections.listen(address, (connection) => node.links.accept(connection)),
      1000,
    );
    this.nodes.push(node);
    return node;
  }

  /** Runs until the condition holds, at most a simulated minute. */
  async until(condition: () => boolean): Promise<void> {
    const isMet = await this.simulator.runUntil(condition, 60_000);
    assert.ok(isMet, `within a minute: ${String(condition)}`);
  }

  run(durationMs: number): Promise<number> {
    return this.simulator.runAsync(durationMs);
  }

  async stop(): Promise<void> {
    for (const node of this.nodes) await this.simulator.settle(node.links.stop(0), 10_000);
  }
}

function describe(event: LinkEvent): string {
  const { peer } = event.link;
  return event.kind === 'up' ? `up ${peer.name}@${peer.epoch}` : `down ${peer.name}@${peer.epoch} ${event.reason}`;
}
