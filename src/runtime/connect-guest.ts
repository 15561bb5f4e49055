import { GuestLinks } from '../cluster/link/guest-links.js';
import { capabilitiesOf, createOwnEngine } from '../cluster/link/link-engine.js';
import { resolveLinkOptions } from '../cluster/link/link-options.js';
import { RpcRoom } from '../cluster/rpc/rpc-room.js';
import type { ServiceClient } from '../cluster/rpc/service-types.js';
import { createMsgpackCodec } from '../codec/msgpack-codec.js';
import { ClusterError } from '../core/errors.js';
import type { Link } from '../spi/links.js';
import type { NodeEnvironment } from './environment.js';
import { guestContract, type GuestMethods } from './guest-contract.js';
import { GuestWorld } from './guest-world.js';
import type { GuestCallOptions, GuestNode, GuestSendOptions, GuestSubscribeOptions } from './guest-node.js';
import { createNodeEnvironment, createOptionSources } from './node-environment.js';
import { resolveNodeOptions } from './options.js';
import { local } from './profiles.js';

/** How a guest attaches. */
export interface GuestOptions {
  /** `host:port` of nodes, tried in order. @defaultValue the local profile's ports on 127.0.0.1 */
  readonly addresses?: readonly string[];
  /** The cluster key, if the cluster has one. */
  readonly key?: string | Uint8Array;
  /** How long one address may take to answer. @defaultValue 2000 */
  readonly timeoutMs?: number;
}

/** Attaches to a running node as a guest. Rejects with `unavailable` naming what was tried, or `unauthorized`. */
export async function connectGuest(options: GuestOptions = {}): Promise<GuestNode> {
  const given = options.key === undefined ? {} : { key: options.key };
  const resolved = resolveNodeOptions(given, createOptionSources());
  return connectGuestIn(createNodeEnvironment({}, resolved), resolved.key, options);
}

/** The same in a given environment: the simulator's way in. */
export async function connectGuestIn(
  environment: NodeEnvironment,
  key: Uint8Array | undefined,
  options: GuestOptions,
): Promise<GuestNode> {
  const { clock, random, secrets, connections, logger, metrics } = environment;
  const self = { name: `guest-${random.below(0x1_0000_0000).toString(36)}`, epoch: clock.wallMs() };
  const timeoutMs = options.timeoutMs ?? 2000;
  const codec = createMsgpackCodec();
  const links = new GuestLinks(
    { self, clock, secrets, connections, logger, metrics },
    resolveLinkOptions({
      helloTimeoutMs: timeoutMs,
      keys: key === undefined ? [] : [key],
      capabilities: [...codec.capabilities, ...capabilitiesOf(createOwnEngine)],
    }),
  );
  const link = await dialFirst(links, options.addresses ?? local().seeds, timeoutMs);
  const world = new GuestWorld(self, link.peer);
  world.serves(guestContract, 'node');
  const { membership, tables } = world;
  const rpc = new RpcRoom(
    { links, membership, tables, clock, random, codec, stockCodecs: [codec], metrics, logger },
    { select: 'random' },
  );
  await rpc.start();
  return new AttachedGuest(link, rpc.client(guestContract), async () => {
    await rpc.stop();
    await links.stop(0);
  });
}

async function dialFirst(links: GuestLinks, addresses: readonly string[], timeoutMs: number): Promise<Link> {
  let refused: ClusterError | undefined;
  let last: ClusterError | undefined;
  for (const address of addresses) {
    try {
      return await links.dial(address, timeoutMs);
    } catch (cause) {
      last = ClusterError.from(cause, 'unavailable');
      // Any program may have that port, so the others are asked too; but somebody who refuses us tells more than silence.
      if (last.code !== 'unavailable') refused ??= last;
    }
  }
  await links.stop(0);
  if (refused !== undefined) throw refused;
  const tried = addresses.length > 2 ? `${addresses[0] ?? ''} to ${addresses.at(-1) ?? ''}` : addresses.join(', ');
  throw new ClusterError('unavailable', `no node answers at ${tried}; start one, or name its address`, { cause: last });
}

class AttachedGuest implements GuestNode {
  readonly host: GuestNode['host'];
  readonly #client: ServiceClient<GuestMethods>;
  readonly #close: () => Promise<void>;
  #stopping: Promise<void> | undefined;

  constructor(link: Link, client: ServiceClient<GuestMethods>, close: () => Promise<void>) {
    const { name, epoch, address } = link.peer;
    this.host = { name, epoch, address };
    this.#client = client;
    this.#close = close;
  }

  members(): ReturnType<GuestNode['members']> {
    return this.#client.members();
  }

  subscribe(patterns: readonly string[], options: GuestSubscribeOptions = {}): ReturnType<GuestNode['subscribe']> {
    const { signal, group } = options;
    const interest = group === undefined ? { patterns } : { patterns, group };
    return quietEnd(this.#client.subscribe(interest, streamOptions(signal)), signal);
  }

  publish(topic: string, value: unknown, options: GuestSendOptions = {}): ReturnType<GuestNode['publish']> {
    return this.#client.publish({ topic, value, ...options });
  }

  request(topic: string, value: unknown, options: GuestSendOptions = {}): ReturnType<GuestNode['request']> {
    return this.#client.request({ topic, value, ...options }, callOptions(options.timeoutMs));
  }

  requestMany(topic: string, value: unknown, options: GuestSendOptions = {}): ReturnType<GuestNode['requestMany']> {
    return this.#client.requestMany({ topic, value, ...options }, callOptions(options.timeoutMs));
  }

  invoke(service: string, method: string, input: unknown, options: GuestCallOptions = {}): Promise<unknown> {
    return this.#client.invoke({ service, method, input, ...options }, callOptions(options.timeoutMs));
  }

  invokeStream(
    service: string,
    method: string,
    input: unknown,
    options: GuestCallOptions = {},
  ): AsyncIterable<unknown> {
    return this.#client.invokeStream({ service, method, input, ...options });
  }

  instances(service?: string): ReturnType<GuestNode['instances']> {
    return this.#client.instances(service === undefined ? {} : { service });
  }

  explain(topic: string): Promise<unknown> {
    return this.#client.explain({ topic });
  }

  tap(
    pattern: string,
    options: { readonly sample?: number; readonly signal?: AbortSignal } = {},
  ): ReturnType<GuestNode['tap']> {
    const tap = { pattern, sample: options.sample ?? 1 };
    return quietEnd(this.#client.tap(tap, streamOptions(options.signal)), options.signal);
  }

  stats(): ReturnType<GuestNode['stats']> {
    return this.#client.stats();
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#close();
    return this.#stopping;
  }
}

function streamOptions(signal: AbortSignal | undefined): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}

/** The node waits as long as it was asked to; the guest a little longer, so that the node's answer says what happened. */
function callOptions(timeoutMs: number | undefined): { readonly timeoutMs?: number } {
  return timeoutMs === undefined ? {} : { timeoutMs: timeoutMs + 500 };
}

/** A listening that its own listener ends is over, not failed. */
async function* quietEnd<T>(items: AsyncIterable<T>, signal: AbortSignal | undefined): AsyncGenerator<T> {
  try {
    yield* items;
  } catch (error) {
    if (signal?.aborted !== true) throw error;
  }
}
