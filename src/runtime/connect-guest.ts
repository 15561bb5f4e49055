import { GuestLinks } from '../cluster/link/guest-links.js';
import { capabilitiesOf, createOwnEngine } from '../cluster/link/link-engine.js';
import { resolveLinkOptions } from '../cluster/link/link-options.js';
import { RpcRoom } from '../cluster/rpc/rpc-room.js';
import type { ServiceClient } from '../cluster/rpc/service-types.js';
import { createMsgpackCodec } from '../codec/msgpack-codec.js';
import { findAddress } from '../core/address.js';
import { ClusterError } from '../core/errors.js';
import { waitMaxMs } from '../core/limits.js';
import { checkNumber, checkOptionNames, optionError } from '../core/options.js';
import type { Link } from '../spi/links.js';
import type { NodeEnvironment } from './environment.js';
import { guestContract, type GuestMethods } from './guest-contract.js';
import { GuestWorld } from './guest-world.js';
import type { GuestCallOptions, GuestNode, GuestSendOptions, GuestSubscribeOptions } from './guest-node.js';
import { createNodeEnvironment, createOptionSources } from './node-environment.js';
import { checkTexts } from './option-kinds.js';
import { resolveNodeOptions } from './options.js';
import { local } from './profiles.js';

/** How a guest attaches. */
export interface GuestOptions {
  /** `host:port` of nodes, tried in order. @defaultValue the local profile's ports on 127.0.0.1 */
  readonly addresses?: readonly string[];
  /** The cluster key, if the cluster has one. */
  readonly key?: string | Uint8Array | undefined;
  /** How long one address may take to answer. @defaultValue 2000 */
  readonly timeoutMs?: number;
}

/** Attaches to a running node as a guest. Rejects with `unavailable` naming what was tried, `unauthorized`, or `invalid-options`. */
export async function connectGuest(options: GuestOptions = {}): Promise<GuestNode> {
  checkGuestOptions(options);
  const given = options.key === undefined ? {} : { key: options.key };
  const resolved = resolveNodeOptions(given, createOptionSources());
  return connectGuestIn(createNodeEnvironment({}, resolved), resolved.key, options);
}

function checkGuestOptions(options: GuestOptions): void {
  checkOptionNames(options, guestNames, 'connectGuest');
  const { addresses, timeoutMs } = options;
  if (timeoutMs !== undefined) checkNumber('timeoutMs', timeoutMs, 1, waitMaxMs);
  if (addresses === undefined) return;
  checkTexts('addresses', '127.0.0.1:7700', addresses);
  for (const address of addresses) {
    if (findAddress(address) === undefined) throw optionError('addresses', 'give host:port, or [ipv6]:port', address);
  }
}

const guestNames: ReadonlySet<string> = new Set<keyof GuestOptions>(['addresses', 'key', 'timeoutMs']);

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
  // Of one address the reason is told as well: a name that nobody knows is no node that is down.
  const why = addresses.length === 1 ? (faultTexts[String(last?.details)] ?? '') : '';
  const text = `no node answers at ${tried}${why}; start one, or name its address`;
  throw new ClusterError('unavailable', text, { cause: last });
}

const faultTexts: Readonly<Record<string, string>> = {
  refused: ' (nothing listens there)',
  silent: ' (it is silent)',
  failed: ' (the name is not known, or there is no way to it)',
};

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

  explain(topic: string): ReturnType<GuestNode['explain']> {
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
