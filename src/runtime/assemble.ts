import { type ClusterBus, createClusterBus } from '../bus/create-cluster-bus.js';
import { layerCodec } from '../codec/layered-codec.js';
import { createMsgpackCodec } from '../codec/msgpack-codec.js';
import { createPlainMsgpackCodec } from '../codec/plain-msgpack-codec.js';
import { jsonCodec } from '../codec/json-codec.js';
import { LinkManager } from '../cluster/link/link-manager.js';
import { type GivenLinkOptions, type LinkOptions, resolveLinkOptions } from '../cluster/link/link-options.js';
import { capabilitiesOf, createOwnEngine, type EngineFactory } from '../cluster/link/link-engine.js';
import { rsocketJsEngines } from '../cluster/link/rsocket-js-engine.js';
import { loadRsocketJs } from '../cluster/link/rsocket-js-module.js';
import { RpcRoom } from '../cluster/rpc/rpc-room.js';
import { TableRoom } from '../cluster/table/table-room.js';
import { addressToText } from '../core/address.js';
import type { Logger } from '../core/logger.js';
import type { LaneCodec } from '../spi/codec.js';
import type { KeyRing } from '../protocol/swim/key-ring.js';
import type { Connection } from '../spi/connections.js';
import type { NodeBusOptions } from './bus-options.js';
import { type NodeEnvironment, versionsOf } from './environment.js';
import { EarlyCallers } from './early-callers.js';
import { type FrontDoor, openFrontDoor } from './front-door.js';
import { createMembership, type NodeMembership } from './node-membership.js';
import type { ResolvedNodeOptions } from './options.js';
import { StartStack } from './start-stack.js';
import { StopSteps } from './stop-steps.js';

/** A running node's rooms, wired. */
export interface NodeRooms {
  readonly door: FrontDoor;
  readonly address: string;
  readonly membership: NodeMembership;
  readonly links: LinkManager;
  readonly tables: TableRoom;
  readonly rpc: RpcRoom;
  readonly bus: ClusterBus;
}

/**
 * Wires and starts a node: front door, membership, links, tables, rpc, bus, in this order. `createNode()` calls it with the machine's
 * environment, the simulator with a simulated one. When a part fails, its name is in the error and those before it are
 * stopped again.
 */
export async function startRooms(environment: NodeEnvironment, options: ResolvedNodeOptions): Promise<NodeRooms> {
  const stack = new StartStack();
  const { clock, random, logger, metrics } = environment;
  const early = new EarlyCallers();
  let accept = (connection: Connection): void => early.hold(connection);
  try {
    const door = await stack.start('front door', () =>
      openFrontDoor(environment, options, (connection) => accept(connection)),
    );
    stack.onUndo(() => door.server.close());
    stack.onUndo(() => Promise.resolve(early.destroy()));
    stack.onUndo(() => door.datagrams.close());
    const address =
      options.advertise ?? addressToText({ host: reachableHost(door, environment), port: door.local.port });
    const membership = createMembership(environment, options, { address, door });
    await stack.start('membership', () => membership.start());
    stack.onUndo(() => membership.stop());
    const createEngine = await stack.start('links', () => loadEngine(options));
    const codec = createMsgpackCodec(options);
    const busCodec = chooseBusCodec(codec, options.bus);
    const links = createLinks(environment, options, { membership, createEngine, codec: busCodec });
    accept = (connection) => links.accept(connection);
    await stack.start('links', () => Promise.resolve(links.start()));
    stack.onUndo(() => links.stop(0));
    early.release(accept);
    membership.attachStreams(links);
    const tables = new TableRoom({ links, membership, clock, logger, metrics });
    const rpc = new RpcRoom(
      {
        links,
        tables,
        membership,
        clock,
        random: random.fork('rpc'),
        codec,
        stockCodecs: [jsonCodec, createPlainMsgpackCodec()],
        metrics,
        logger,
      },
      options.rpc,
    );
    const busDeps = {
      clock,
      random: random.fork('bus'),
      self: links.self,
      links,
      tables,
      membership,
      codec: busCodec,
      exposeStacks: options.exposeStacks,
      metrics,
      logger,
    };
    const bus = createClusterBus(busDeps, options.bus);
    bus.onFault(({ subscription, error }) => logger.error('a fault of the bus', { subscription, error }));
    await stack.start('rpc', () => rpc.start());
    stack.onUndo(() => rpc.stop());
    await stack.start('bus', () => bus.start());
    stack.onUndo(() => bus.stop());
    await stack.start('tables', () => tables.start());
    stack.onUndo(() => tables.stop());
    return { door, address, membership, links, tables, rpc, bus };
  } catch (error) {
    await stack.undo();
    throw error;
  }
}

/**
 * Stops a node's rooms in the order of docs/architecture.md, Stopping: withdraw and wait until peers know; refuse; finish until
 * `drainMs`; final numbers; leave; close. Every step has a deadline of its own, so a peer that stalls delays but never blocks it;
 * a step that fails is logged, keeps no other from its turn, and is thrown at the end.
 */
export async function stopRooms(rooms: NodeRooms, drainMs: number, logger: Logger): Promise<void> {
  const { membership, links, tables, rpc, bus, door } = rooms;
  const withdrawMs = Math.min(withdrawMsMax, drainMs);
  const steps = new StopSteps(logger);
  await Promise.all([
    steps.step('rpc', () => rpc.withdraw(withdrawMs)),
    steps.step('bus', () => bus.withdraw(withdrawMs)),
  ]);
  await steps.step('rpc', () => rpc.refuse());
  await Promise.all([steps.step('rpc', () => rpc.finish(drainMs)), steps.step('bus', () => bus.finish(drainMs))]);
  await steps.step('links', () => links.withdraw());
  await steps.step('bus', () => bus.sayFinal(Math.min(finalMsMax, drainMs)));
  await steps.step('membership', () => membership.leave(Math.min(leaveMsMax, drainMs)));
  await steps.step('bus', () => bus.stop());
  await steps.step('rpc', () => rpc.stop());
  await steps.step('tables', () => tables.stop());
  await steps.step('links', () => links.stop(0));
  await steps.step('membership', () => membership.stop());
  await steps.step('front door', () => door.server.close());
  await steps.step('front door', () => door.datagrams.close());
  steps.assertAllEnded();
}

/** Peers acknowledge within round trips; one that stalls costs no more than this of a stop. */
const withdrawMsMax = 1000;
const finalMsMax = 1000;
const leaveMsMax = 1000;

function chooseBusCodec(base: LaneCodec, { codec = 'msgpack' }: NodeBusOptions): LaneCodec {
  if (codec === 'msgpack') return base;
  return layerCodec(base, codec === 'json' ? jsonCodec : codec);
}

async function loadEngine(options: ResolvedNodeOptions): Promise<EngineFactory> {
  return options.engine === 'rsocket-js' ? rsocketJsEngines(await loadRsocketJs()) : createOwnEngine;
}

function createLinks(
  environment: NodeEnvironment,
  options: ResolvedNodeOptions,
  parts: { readonly membership: NodeMembership; readonly createEngine: EngineFactory; readonly codec: LaneCodec },
): LinkManager {
  const { membership, createEngine } = parts;
  const { clock, random, secrets, connections, logger, metrics } = environment;
  const { name, epoch, address } = membership.self;
  return new LinkManager(
    {
      self: { name, epoch, address },
      clock,
      random: random.fork('links'),
      secrets,
      connections,
      membership,
      logger,
      metrics,
      createEngine,
    },
    withRing(membership.keyRing, {
      authenticate: options.authenticate,
      capabilities: [...parts.codec.capabilities, ...capabilitiesOf(createEngine)],
      keepAliveMs: 2000,
      lifetimeMs: 12_000,
      linksMax: options.linksMax,
      ...versionsOf(environment),
      // Any certificate of the authorities would do otherwise, and one node could speak for another.
      checkCertificate:
        options.tls?.mutual === true ? (certificate, peer) => certificate.names.includes(peer) : undefined,
    }),
  );
}

/** A key that is changed while the node runs is changed for gossip and links in one. */
function withRing(ring: KeyRing | undefined, given: GivenLinkOptions): LinkOptions {
  const options = resolveLinkOptions(given);
  if (ring === undefined) return options;
  return {
    ...options,
    get keys() {
      return ring.keys;
    },
  };
}

/** Others cannot dial "every address". */
function reachableHost(door: FrontDoor, environment: NodeEnvironment): string {
  const { host } = door.local;
  return host === '0.0.0.0' || host === '::' ? environment.publicHost() : host;
}
