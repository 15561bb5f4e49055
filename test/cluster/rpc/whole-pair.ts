import { must } from '../../../src/core/assert.js';
import { silentLogger } from '../../../src/core/logger.js';
import { type NodeRooms, startRooms, stopRooms } from '../../../src/runtime/assemble.js';
import type { NodeEnvironment } from '../../../src/runtime/environment.js';
import { createOptionSources } from '../../../src/runtime/node-environment.js';
import { type NodeOptions, resolveNodeOptions } from '../../../src/runtime/options.js';
import type { RpcFixture } from '../../../src/testing/conformance/rpc-fixture.js';
import type { Waiter } from '../../../src/testing/conformance/suite.js';
import { TappedConnections } from '../link/link-world.js';

/** One of two nodes: its options, and the world that it lives in. */
export interface WholeNode {
  readonly options: NodeOptions & { readonly name: string };
  readonly environment: NodeEnvironment;
}

/** Two nodes as `createNode` assembles them, joined, for the suite of calls. */
export async function startWholePair(waiter: Waiter, first: WholeNode, second: WholeNode): Promise<RpcFixture> {
  const one = await start(waiter, first);
  const address = must(one.rooms.address, 'an address to join by');
  const two = await start(waiter, { ...second, options: { seeds: [address], ...second.options } });
  const rooms = [one.rooms, two.rooms];
  const isLinked = (): boolean => rooms.every(({ links }) => links.links().length === 1);
  await waiter.until(isLinked);
  return {
    ...waiter,
    one: one.rooms.rpc,
    two: two.rooms.rpc,
    oneName: first.options.name,
    twoName: second.options.name,
    drop: () => {
      for (const { connections } of [one, two]) for (const connection of connections.dialed) connection.destroy();
    },
    streamCount: () => one.rooms.links.streamCount(['rpc']) + two.rooms.links.streamCount(['rpc']),
    stop: async () => {
      await waiter.settle(Promise.all(rooms.map((each) => stopRooms(each, 0, silentLogger))).then(() => undefined));
    },
  };
}

async function start(
  waiter: Waiter,
  { options, environment }: WholeNode,
): Promise<{ readonly rooms: NodeRooms; readonly connections: TappedConnections }> {
  const connections = new TappedConnections(environment.connections);
  const resolved = resolveNodeOptions({ port: 0, seeds: [], ...options }, createOptionSources());
  const rooms = await waiter.settle(startRooms({ ...environment, connections }, resolved));
  return { rooms, connections };
}
