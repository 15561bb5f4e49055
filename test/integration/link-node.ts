import type { Address } from '../../src/core/address.js';
import type { Connections } from '../../src/spi/connections.js';
import type { GivenLinkOptions } from '../../src/cluster/link/link-options.js';
import { createOwnEngine, type EngineFactory } from '../../src/cluster/link/link-engine.js';
import { TcpConnections } from '../../src/cluster/transport/tcp-connections.js';
import { NodeClock } from '../../src/runtime/node-clock.js';
import { type LinkNode, makeNode } from '../cluster/link/link-world.js';

/** A node's links on a TCP port of loopback. */
export interface StartedNode {
  readonly node: LinkNode;
  stop(): Promise<void>;
}

/** What may differ from a node of our engine on a TCP port of loopback. */
export interface NodeChoice {
  readonly options?: GivenLinkOptions;
  readonly createEngine?: EngineFactory;
  readonly connections?: Connections;
  readonly local?: Address;
}

/** Listens, and starts a node's links there. */
export async function startNode(name: string, choice: NodeChoice = {}): Promise<StartedNode> {
  const clock = new NodeClock();
  const { options = {}, createEngine = createOwnEngine, local = { host: '127.0.0.1', port: 0 } } = choice;
  const connections = choice.connections ?? new TcpConnections({ clock, lingerMs: 300 });
  let accept: Parameters<Connections['listen']>[1] = (connection) => connection.destroy();
  const server = await connections.listen(local, (connection) => accept(connection));
  const node = makeNode({ name, address: server.local, clock, connections, options, createEngine });
  accept = (connection) => node.links.accept(connection);
  const stop = async (): Promise<void> => {
    await node.links.stop(0);
    await server.close();
  };
  return { node, stop };
}
