import { GuestLinks } from '../cluster/link/guest-links.js';
import { resolveLinkOptions } from '../cluster/link/link-options.js';
import type { ContractMethods, ServiceContract } from '../cluster/rpc/contract.js';
import type { ClientOptions } from '../cluster/rpc/rpc-manager.js';
import { RpcRoom } from '../cluster/rpc/rpc-room.js';
import type { ServiceClient } from '../cluster/rpc/service-types.js';
import { toStockCodec } from '../cluster/rpc/stock-codec.js';
import { type StockRoute, StockRoutes } from '../cluster/rpc/stock-routes.js';
import { jsonCodec } from '../codec/json-codec.js';
import { createPlainMsgpackCodec } from '../codec/plain-msgpack-codec.js';
import { findAddress } from '../core/address.js';
import { ClusterError } from '../core/errors.js';
import { waitMaxMs } from '../core/limits.js';
import { checkFunction, checkNumber, checkOptionNames, checkWord, optionError } from '../core/options.js';
import { textToBytes } from '../core/text.js';
import type { Link } from '../spi/links.js';
import { GuestWorld } from './guest-world.js';
import { createNodeEnvironment, createOptionSources } from './node-environment.js';
import { resolveNodeOptions } from './options.js';

/** Where a stock RSocket server is, and how it is spoken to. */
export interface StockOptions {
  /** `host:port` of a plain TCP transport; a server that takes TLS only cannot be reached. */
  readonly address: string;
  /** What values are encoded with; every request names its media type. Methods that are `raw` carry bytes. @defaultValue 'json' */
  readonly codec?: 'json' | 'msgpack';
  /** The routing tag of a method, 1 to 255 bytes. @defaultValue `service/method` */
  readonly route?: StockRoute;
  /** How long the dial may take. @defaultValue 2000 */
  readonly timeoutMs?: number;
}

/** A stock RSocket server: any program that takes composite metadata with routing, in any language. */
export interface StockServer {
  readonly address: string;
  /** False once the connection is lost; calls then fail with `unavailable`. It is not dialled again: connect anew. */
  readonly up: boolean;
  /**
   * The calling side of a contract. Throws `invalid-options` for a route that does not fit. That the server serves it is taken on trust. Deadlines and cancel hold, headers travel as entries
   * of the metadata named for the header; a channel opens with metadata alone, its items follow; an error has the code `remote`, or `not-executed` or `invalid-value` where RSocket says so.
   */
  client<Methods extends ContractMethods>(
    contract: ServiceContract<Methods>,
    options?: ClientOptions,
  ): ServiceClient<Methods>;
  /** Ends the connection. Idempotent. */
  stop(): Promise<void>;
}

/** Connects to a stock RSocket server. Rejects with `unavailable` or `invalid-options`. */
export async function connectStock(options: StockOptions): Promise<StockServer> {
  checkStockOptions(options);
  const { address, timeoutMs = 2000, route = defaultRoute } = options;
  const environment = createNodeEnvironment({}, resolveNodeOptions({}, createOptionSources()));
  const { clock, random, secrets, connections, logger, metrics } = environment;
  const self = { name: `guest-${random.below(0x1_0000_0000).toString(36)}`, epoch: clock.wallMs() };
  const links = new GuestLinks({ self, clock, secrets, connections, logger, metrics }, resolveLinkOptions());
  const link = await links.dialStock(address, address, timeoutMs);
  const world = new GuestWorld(self, link.peer);
  const codec = toStockCodec(options.codec === 'msgpack' ? createPlainMsgpackCodec() : jsonCodec);
  const { membership, tables } = world;
  const routes = new StockRoutes(route);
  const deps = { links, membership, tables, clock, random, codec, stockCodecs: [], routes, metrics, logger };
  const rpc = new RpcRoom(deps);
  await rpc.start();
  return new ConnectedStock({ route, link, world, rpc, links });
}

function checkStockOptions(options: StockOptions): void {
  checkOptionNames(options, stockNames, 'connectStock');
  const { address, codec, route, timeoutMs } = options;
  if (typeof address !== 'string' || findAddress(address) === undefined) {
    throw optionError('address', 'give host:port, or [ipv6]:port', address);
  }
  if (codec !== undefined) checkWord('codec', codec, stockCodecs);
  if (route !== undefined) checkFunction('route', route);
  if (timeoutMs !== undefined) checkNumber('timeoutMs', timeoutMs, 1, waitMaxMs);
}

const stockNames: ReadonlySet<string> = new Set<keyof StockOptions>(['address', 'codec', 'route', 'timeoutMs']);
const stockCodecs: ReadonlySet<string> = new Set(['json', 'msgpack']);

function defaultRoute(service: string, method: string): string {
  return `${service}/${method}`;
}

class ConnectedStock implements StockServer {
  readonly #parts: StockParts;
  #stopping: Promise<void> | undefined;

  constructor(parts: StockParts) {
    this.#parts = parts;
  }

  get address(): string {
    return this.#parts.link.peer.address;
  }

  get up(): boolean {
    return this.#parts.link.up;
  }

  client<Methods extends ContractMethods>(
    contract: ServiceContract<Methods>,
    options: ClientOptions = {},
  ): ServiceClient<Methods> {
    for (const method of Object.keys(contract.methods)) this.#checkTag(contract.name, method);
    this.#parts.world.serves(contract, 'stock');
    return this.#parts.rpc.client(contract, options);
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  #checkTag(service: string, method: string): void {
    const { length } = textToBytes(this.#parts.route(service, method));
    if (length > 0 && length <= tagBytesMax) return;
    throw new ClusterError(
      'invalid-options',
      `the route of ${service}.${method} takes ${length} of 1 to ${tagBytesMax} bytes`,
    );
  }

  async #stop(): Promise<void> {
    await this.#parts.rpc.stop();
    await this.#parts.links.stop(0);
  }
}

/** A tag's length is one byte (Routing Metadata Extension). */
const tagBytesMax = 255;

interface StockParts {
  readonly route: StockRoute;
  readonly link: Link;
  readonly world: GuestWorld;
  readonly rpc: RpcRoom;
  readonly links: GuestLinks;
}
