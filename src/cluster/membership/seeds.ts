import { type Address, addressToText, findAddress } from '../../core/address.js';
import { ClusterError } from '../../core/errors.js';

/** Looks names up, each time anew: addresses of containers change. Rejections count as no answer. */
export interface HostResolver {
  /** IPv4 and IPv6 addresses of a host name. */
  resolveHost(host: string): Promise<readonly string[]>;
  /** Targets of an SRV record. */
  resolveService(name: string): Promise<readonly Address[]>;
}

/**
 * Where seeds come from. A text lists seeds, separated by commas or white space: `host:port`, `[ipv6]:port`, a host without a port
 * (the default port is meant), or `srv:_service._proto.name`. A function is asked on every attempt: for the environment, a file,
 * or a list that somebody keeps elsewhere.
 */
export type SeedSource = string | readonly string[] | (() => Promise<string | readonly string[]>);

/** What seeds are read with. */
export interface SeedOptions {
  readonly source: SeedSource;
  /** For seeds that name no port. */
  readonly defaultPort: number;
  /** Without one, host names go to the socket as they are. */
  readonly resolver: HostResolver | undefined;
}

/**
 * The addresses to try now, without doubles and at most `seedsMax`. What cannot be looked up is left out; `fault` tells the last reason, so that a
 * join that fails can say it.
 */
export async function findSeeds(
  options: SeedOptions,
): Promise<{ readonly addresses: readonly string[]; readonly fault: unknown }> {
  const found = new Set<string>();
  let fault: unknown;
  const texts = await readSource(options.source).catch((error: unknown) => {
    fault = error;
    return [];
  });
  const lookups = texts.slice(0, seedsMax).map(async (text) => {
    try {
      return await lookUp(text, options);
    } catch (error) {
      fault = error;
      return [];
    }
  });
  for (const addresses of await Promise.all(lookups)) for (const address of addresses) found.add(address);
  return { addresses: [...found].slice(0, seedsMax), fault };
}

/** Throws `invalid-options` for a seed that is no address; a list given by hand should not fail silently. */
export function checkSeeds(source: SeedSource): void {
  if (typeof source === 'function') return;
  for (const text of splitSeeds(source)) {
    if (!text.startsWith(servicePrefix) && findAddress(text, 1) === undefined) {
      throw new ClusterError('invalid-options', `seed ${JSON.stringify(text.slice(0, 120))} is no host:port`);
    }
  }
}

/** Says whether there is nobody to ask but `own`. A function may know somebody later. */
export function hasNoSeeds(source: SeedSource, own: string): boolean {
  return typeof source !== 'function' && splitSeeds(source).every((text) => text === own);
}

/** One attempt asks this many addresses at most; a headless service of a thousand pods needs no more. */
const seedsMax = 64;
const servicePrefix = 'srv:';

async function readSource(source: SeedSource): Promise<readonly string[]> {
  return splitSeeds(typeof source === 'function' ? await source() : source);
}

function splitSeeds(source: string | readonly string[]): string[] {
  const texts = typeof source === 'string' ? [source] : source;
  return texts.flatMap((text) => text.split(/[\s,]+/)).filter((text) => text !== '');
}

async function lookUp(text: string, options: SeedOptions): Promise<readonly string[]> {
  const { resolver, defaultPort } = options;
  if (text.startsWith(servicePrefix)) {
    if (resolver === undefined) return [];
    const targets = await resolver.resolveService(text.slice(servicePrefix.length));
    const lists = await Promise.all(targets.map((target) => resolveAddress(target, resolver)));
    return lists.flat();
  }
  const address = findAddress(text, defaultPort);
  if (address === undefined) throw new ClusterError('invalid-options', `seed ${JSON.stringify(text.slice(0, 120))}`);
  return resolver === undefined ? [addressToText(address)] : resolveAddress(address, resolver);
}

async function resolveAddress(address: Address, resolver: HostResolver): Promise<readonly string[]> {
  const isNumeric = address.host.includes(':') || /^\d{1,3}(?:\.\d{1,3}){3}$/.test(address.host);
  if (isNumeric) return [addressToText(address)];
  const hosts = await resolver.resolveHost(address.host);
  return hosts.map((host) => addressToText({ host, port: address.port }));
}
