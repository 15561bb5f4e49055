import type { StaticNode } from '../cluster/membership/static-membership.js';
import type { StockAuthenticator } from '../cluster/link/link-options.js';
import { resolveRpcOptions, type RpcOptions } from '../cluster/rpc/rpc-options.js';
import { isLoopbackHost, findAddress, addressToText } from '../core/address.js';
import { ClusterError } from '../core/errors.js';
import { isNodeName } from '../core/ids.js';
import { memberMetadataBytesMax } from '../core/limits.js';
import type { Logger } from '../core/logger.js';
import { checkFlag, withoutUndefined } from '../core/options.js';
import { textToBytes } from '../core/text.js';
import type { Metrics } from '../spi/metrics.js';
import { checkBusOptions, type NodeBusOptions } from './bus-options.js';
import { checkOptionKinds, checkTlsNames } from './option-kinds.js';
import { local, type Profile } from './profiles.js';

/** How to make a node. Everything is optional: two processes that give nothing but a name find each other on one machine. */
export interface NodeOptions {
  /** Stable and unique in the cluster: 1 to 63 of letters, digits, `.`, `_`, `-`. @defaultValue `node-` and chance */
  readonly name?: string;
  /** @defaultValue `local()` */
  readonly profile?: Profile;
  /** Address to listen on. Any other than loopback needs `key`, `tls` with `mutual`, or `insecure: true`. @defaultValue the profile's */
  readonly host?: string;
  /** Port to listen on, UDP and TCP. Given and taken is an error; 0 takes any. @defaultValue the first free of the profile's */
  readonly port?: number;
  /** `host:port` that others reach this node by, behind NAT or when listening on every address. @defaultValue host and port */
  readonly advertise?: string;
  /** Addresses to join by: `host:port`, `dns:name:port`, `srv:name`. Retried for ever at a low rate. @defaultValue the profile's */
  readonly seeds?: readonly string[];
  /**
   * Every node of the cluster, in place of gossip: for clusters that never change, and where UDP cannot pass. Who can be reached is
   * then known by the links alone. Give the same list everywhere. @defaultValue gossip
   */
  readonly nodes?: readonly StaticNode[];
  /** Fail `start()` with `join-failed` when no seed answered within `joinTimeoutMs`. @defaultValue false: begin alone, keep trying */
  readonly joinRequired?: boolean;
  /** How long `start()` waits for a seed. Lower starts faster, higher waits for slow seeds. @defaultValue 300 local, 3000 lan, 10000 wan */
  readonly joinTimeoutMs?: number;
  /** Keeps clusters apart: nodes of another label are never heard. Not a secret. @defaultValue `scalebus` */
  readonly label?: string;
  /** The cluster key: 32 bytes, or a text of at least 16 characters that is hashed. Proves links and encrypts gossip; never sent. */
  readonly key?: string | Uint8Array | undefined;
  /** Listen beyond loopback without a key. For closed networks only. @defaultValue false */
  readonly insecure?: boolean;
  /** TLS 1.3 for links. */
  readonly tls?: TlsOptions;
  /**
   * Decides on stock RSocket clients, which say no hello: returns the name that one goes by, or `undefined` to refuse it. Without
   * it they are all refused.
   */
  readonly authenticate?: StockAuthenticator;
  /**
   * What speaks RSocket on the links: our engine, or rsocket-js 0.0.27, which must then be installed. The second is slower, sends
   * nothing in fragments and serves as proof of interoperation. @defaultValue 'scalebus'
   */
  readonly engine?: EngineName;
  /** Bytes that other nodes can read of this member. At most 64 KiB. */
  readonly metadata?: Uint8Array;
  /** Most links to peers; beyond it links are made when needed. @defaultValue 200 */
  readonly linksMax?: number;
  /**
   * Stay awake for up to so many microseconds after something was sent over a link, until bytes come, so that an answer need not wake the
   * process: less delay, and less processor time a call where few are in flight, at the price of a core that nobody else gets
   * meanwhile. 0 to 10000. Simulated nodes never sleep. @defaultValue 0: sleep at once
   */
  readonly awakeMaxUs?: number;
  /** How long `stop()` lets work finish. @defaultValue 5000 */
  readonly drainMs?: number;
  /** Send `error.stack` of handlers to callers. @defaultValue false */
  readonly exposeStacks?: boolean;
  /** How calls behave: deadlines, selection, breakers, interceptors, bounds. @defaultValue see `RpcOptions` */
  readonly rpc?: RpcOptions;
  /** How the bus behaves: middleware and access (`hooks`), checks of values, bounds for each peer. @defaultValue see `NodeBusOptions` */
  readonly bus?: NodeBusOptions;
  /**
   * `false` forbids run-time code generation: nothing is compiled, and msgpackr carries every value self-contained. A process that
   * forbids code from strings has it so by itself. @defaultValue true
   */
  readonly codeGeneration?: boolean;
  /** Compile a codec for each shape of event; `false` leaves all to msgpackr's format with shared records. @defaultValue true */
  readonly compiledShapes?: boolean;
  /** @defaultValue says nothing */
  readonly logger?: Logger;
  /** @defaultValue counts in the process, see `node.metrics` */
  readonly metrics?: Metrics;
}

/** What speaks RSocket on the links of a node. */
export type EngineName = 'scalebus' | 'rsocket-js';

/** Certificates of a node, as PEM texts. The certificate's common name or an alternative name MUST be the node's name. */
export interface TlsOptions {
  readonly key: string;
  readonly cert: string;
  /** Authorities that peers' certificates must come from. */
  readonly ca: string;
  /** Ask peers for a certificate of `ca` too. @defaultValue true */
  readonly mutual?: boolean;
}

/** Options with every default applied and every value checked. */
export interface ResolvedNodeOptions {
  readonly name: string;
  readonly profile: Profile;
  readonly host: string;
  readonly ports: readonly number[];
  readonly advertise: string | undefined;
  readonly seeds: readonly string[];
  readonly nodes: readonly StaticNode[] | undefined;
  readonly joinRequired: boolean;
  readonly joinTimeoutMs: number;
  readonly label: string;
  readonly key: Uint8Array | undefined;
  readonly tls: Required<TlsOptions> | undefined;
  readonly authenticate: StockAuthenticator | undefined;
  readonly engine: EngineName;
  readonly metadata: Uint8Array | undefined;
  readonly linksMax: number;
  readonly awakeMaxUs: number;
  readonly drainMs: number;
  readonly exposeStacks: boolean;
  readonly rpc: RpcOptions;
  readonly bus: NodeBusOptions;
  readonly codeGeneration: boolean;
  readonly compiledShapes: boolean;
}

/** What `resolveNodeOptions` needs of the machine. */
export interface OptionSources {
  /** A name for a node that was given none. */
  readonly defaultName: () => string;
  /** SHA-256, for keys given as text. */
  readonly hash: (bytes: Uint8Array) => Uint8Array;
}

/** Applies defaults and checks; throws `invalid-options` or `insecure-address` naming the option and what to do. */
export function resolveNodeOptions(asked: NodeOptions, sources: OptionSources): ResolvedNodeOptions {
  checkOptionKinds(asked);
  const options = withoutUndefined(asked);
  const profile = options.profile ?? local();
  const given = {
    ...defaults,
    host: profile.host,
    seeds: profile.seeds,
    joinTimeoutMs: joinTimeoutsMs[profile.kind],
    ...options,
  };
  const tls = resolveTls(options.tls);
  const key = options.key === undefined ? undefined : resolveKey(options.key, sources);
  checkExposure(given.host, key !== undefined || tls?.mutual === true || given.insecure);
  return {
    name: checkName(options.name ?? sources.defaultName()),
    profile,
    host: given.host,
    ports: options.port === undefined ? profile.ports : [checkRange('port', options.port, 0, 65_535)],
    advertise: checkAdvertise(options.advertise),
    seeds: checkSeeds(given.seeds),
    nodes: checkNodes(options),
    joinRequired: given.joinRequired,
    joinTimeoutMs: checkRange('joinTimeoutMs', given.joinTimeoutMs, 1, 600_000),
    label: checkLabel(given.label),
    key,
    tls,
    authenticate: options.authenticate,
    engine: checkEngine(given.engine),
    metadata: checkMetadata(options.metadata),
    linksMax: checkRange('linksMax', given.linksMax, 1, 10_000),
    awakeMaxUs: checkRange('awakeMaxUs', given.awakeMaxUs, 0, 10_000),
    drainMs: checkRange('drainMs', given.drainMs, 0, 600_000),
    exposeStacks: given.exposeStacks,
    rpc: checkRpc({ exposeStacks: given.exposeStacks, ...options.rpc }),
    bus: checkBusOptions(options.bus ?? {}),
    codeGeneration: given.codeGeneration,
    compiledShapes: given.compiledShapes,
  };
}

const joinTimeoutsMs: Readonly<Record<Profile['kind'], number>> = { local: 300, lan: 3000, wan: 10_000 };

const defaults = {
  insecure: false,
  joinRequired: false,
  label: 'scalebus',
  engine: 'scalebus',
  linksMax: 200,
  awakeMaxUs: 0,
  drainMs: 5000,
  exposeStacks: false,
  codeGeneration: true,
  compiledShapes: true,
} as const satisfies NodeOptions;

function checkName(name: string): string {
  if (isNodeName(name)) return name;
  throw invalid('name', name, 'give 1 to 63 letters, digits, ".", "_" or "-", beginning with a letter or digit');
}

function invalid(option: string, value: unknown, todo: string): ClusterError {
  return new ClusterError('invalid-options', `option ${option} is ${JSON.stringify(value)}: ${todo}`);
}

function checkRange(option: string, value: number, least: number, most: number): number {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw invalid(option, value, `give a whole number from ${least} to ${most}`);
  }
  return value;
}

function checkExposure(host: string, secured: boolean): void {
  if (host === '') throw invalid('host', host, 'give an address to listen on, such as 127.0.0.1');
  if (secured || isLoopbackHost(host)) return;
  throw new ClusterError(
    'insecure-address',
    `host ${host} can be reached from other machines and no key is set: give key (shared by all nodes), ` +
      'or tls with mutual: true, or insecure: true for a closed network, or listen on 127.0.0.1',
  );
}

function checkAdvertise(advertise: string | undefined): string | undefined {
  if (advertise === undefined) return undefined;
  const address = findAddress(advertise);
  if (address === undefined) throw invalid('advertise', advertise, 'give host:port, or [ipv6]:port');
  return addressToText(address);
}

function checkSeeds(seeds: readonly string[]): readonly string[] {
  for (const seed of seeds) {
    if (/^(?:dns|srv|file|env):/.test(seed)) continue;
    if (findAddress(seed) === undefined) {
      throw invalid('seeds', seed, 'give host:port, [ipv6]:port, dns:name:port, srv:name, env:NAME or file:path');
    }
  }
  return seeds;
}

function checkNodes({ nodes, seeds, joinRequired }: NodeOptions): readonly StaticNode[] | undefined {
  if (nodes === undefined) return undefined;
  if (seeds !== undefined || joinRequired === true) {
    throw new ClusterError('invalid-options', 'seeds and joinRequired are for gossip: give nodes or these, not both');
  }
  if (nodes.length > staticNodesMax) {
    throw new ClusterError('invalid-options', `option nodes lists ${nodes.length} nodes; at most ${staticNodesMax}`);
  }
  const names = new Set<string>();
  for (const { name, address } of nodes) {
    checkName(name);
    if (findAddress(address) === undefined) throw invalid('nodes', address, 'give each node an address of host:port');
    if (names.has(name)) throw invalid('nodes', name, 'list each name once');
    names.add(name);
  }
  return nodes;
}

/** With a link to each, more would be no list that somebody keeps by hand. */
const staticNodesMax = 1000;

function checkLabel(label: string): string {
  if (label.length > 0 && textToBytes(label).length <= 64) return label;
  throw invalid('label', label, 'give 1 to 64 bytes of text');
}

const engineNames: readonly EngineName[] = ['scalebus', 'rsocket-js'];

function checkEngine(engine: EngineName): EngineName {
  const known: readonly string[] = engineNames;
  if (known.includes(engine)) return engine;
  throw invalid('engine', engine, "give 'scalebus' or 'rsocket-js'");
}

function checkMetadata(metadata: Uint8Array | undefined): Uint8Array | undefined {
  if (metadata === undefined || metadata.length <= memberMetadataBytesMax) return metadata;
  throw invalid('metadata', `${metadata.length} bytes`, `give at most ${memberMetadataBytesMax} bytes`);
}

/** The room applies the defaults; what it would refuse at the start is refused here. */
function checkRpc(rpc: RpcOptions): RpcOptions {
  resolveRpcOptions(rpc);
  return rpc;
}

/** A cluster key of what a program gave; throws `invalid-options`, and never shows it. */
export function resolveKey(key: string | Uint8Array, { hash }: Pick<OptionSources, 'hash'>): Uint8Array {
  const todo = 'give 32 bytes, or a text of at least 16 characters';
  if (typeof key === 'string') {
    if (key.length < 16) throw invalid('key', `a text of ${key.length} characters`, todo);
    return hash(textToBytes(key));
  }
  const given: unknown = key;
  if (!(given instanceof Uint8Array)) throw invalid('key', typeof given, todo);
  if (key.length !== 32) throw invalid('key', `${key.length} bytes`, todo);
  return key;
}

function resolveTls(tls: TlsOptions | undefined): Required<TlsOptions> | undefined {
  if (tls === undefined) return undefined;
  checkTlsNames(tls);
  for (const part of ['key', 'cert', 'ca'] as const) {
    const text: unknown = tls[part];
    if (typeof text === 'string' && text.includes('-----BEGIN')) continue;
    // A key must not be shown.
    const given = typeof text === 'string' ? `${text.length} characters` : typeof text;
    throw invalid(`tls.${part}`, given, 'give a PEM text');
  }
  if (tls.mutual !== undefined) checkFlag('option tls.mutual', tls.mutual);
  return { ...tls, mutual: tls.mutual ?? true };
}
