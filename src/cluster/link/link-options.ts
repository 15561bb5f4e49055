import { ClusterError } from '../../core/errors.js';
import { wireVersion, wireVersionMin, type WireVersions } from '../../core/limits.js';
import type { PeerCertificate } from '../../spi/connections.js';
import { type EngineOptions, resolveEngineOptions } from '../../protocol/rsocket/options.js';

/** How links behave. */
export interface LinkOptions {
  /** Most links that are kept up by themselves; members beyond it are reached by `demand` and `exchange`. @defaultValue 200 */
  readonly linksMax: number;
  /** Most connections that are accepted and up, guests and stock clients included. @defaultValue 1000 */
  readonly acceptedMax: number;
  /** Most accepted connections that have not proved who they are. @defaultValue 128 */
  readonly strangersMax: number;
  /** A stranger has so long for its hello. @defaultValue 5000 */
  readonly helloTimeoutMs: number;
  /** And so many bytes. @defaultValue 65536 */
  readonly helloBytesMax: number;
  /** A dial has so long to connect. @defaultValue 5000 */
  readonly dialTimeoutMs: number;
  /** The larger name of a pair lets the other dial first, for so long; then both may. @defaultValue 500 */
  readonly dialYieldMs: number;
  /** First wait before a lost link is dialled again; it doubles, with jitter, up to `redialMaxMs`. @defaultValue 100 */
  readonly redialMinMs: number;
  /** @defaultValue 10000 */
  readonly redialMaxMs: number;
  /** How often each side sees whether the other is there, and asks if it has not just heard it. @defaultValue 5000 */
  readonly keepAliveMs: number;
  /** A link without a byte for so long is `silent`. Our own stalls do not count. @defaultValue 30000 */
  readonly lifetimeMs: number;
  /** A replaced link has so long to finish its calls. @defaultValue 10000 */
  readonly replacedDrainMs: number;
  /** Exchanges over short-lived connections at once; more fail at once. @defaultValue 64 */
  readonly exchangesMax: number;
  /** The cluster keys, newest first; the first proves, any is believed. Empty: no key. @defaultValue [] */
  readonly keys: readonly Uint8Array[];
  /** What this build can do beyond its wire version. @defaultValue [] */
  readonly capabilities: readonly string[];
  /** The wire versions that this node speaks. @defaultValue what this build speaks */
  readonly wireVersions: WireVersions;
  /** Decides on stock RSocket clients; without it they are refused. @defaultValue undefined */
  readonly authenticate: StockAuthenticator | undefined;
  /** Says whether the certificate that TLS verified may speak for a node of this name. @defaultValue any may */
  readonly checkCertificate: ((certificate: PeerCertificate, name: string) => boolean) | undefined;
  /** Bounds of each connection. */
  readonly engine: EngineOptions;
}

/** What a stock client's SETUP says. */
export interface StockClient {
  readonly remote: string;
  readonly certificate: PeerCertificate | undefined;
  readonly metadataMime: string;
  readonly dataMime: string;
  readonly metadata: Uint8Array;
  readonly data: Uint8Array;
}

/**
 * Returns the name that the client goes by, or `undefined` to refuse it. A rejection, an exception and the name of a member or a
 * guest refuse it too; a later client of the same name takes the place of the earlier one.
 */
export type StockAuthenticator = (client: StockClient) => Promise<string | undefined>;

/** What a caller may leave out. */
export type GivenLinkOptions = Partial<Omit<LinkOptions, 'engine'>> & { readonly engine?: Partial<EngineOptions> };

/** Fills in the defaults; throws `invalid-options` for numbers that cannot work. */
export function resolveLinkOptions(given: GivenLinkOptions = {}): LinkOptions {
  const options = { ...linkDefaults, ...given, engine: resolveEngineOptions(given.engine) };
  if (options.lifetimeMs <= options.keepAliveMs) {
    throw new ClusterError('invalid-options', `lifetimeMs ${options.lifetimeMs} must be above keepAliveMs`);
  }
  return options;
}

const linkDefaults: Omit<LinkOptions, 'engine'> = {
  linksMax: 200,
  acceptedMax: 1000,
  strangersMax: 128,
  helloTimeoutMs: 5000,
  helloBytesMax: 65_536,
  dialTimeoutMs: 5000,
  dialYieldMs: 500,
  redialMinMs: 100,
  redialMaxMs: 10_000,
  keepAliveMs: 5000,
  lifetimeMs: 30_000,
  replacedDrainMs: 10_000,
  exchangesMax: 64,
  keys: [],
  capabilities: [],
  wireVersions: { min: wireVersionMin, max: wireVersion },
  authenticate: undefined,
  checkCertificate: undefined,
};
