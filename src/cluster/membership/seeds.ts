import { type Address, addressToText, findAddress } from '../../core/address.js';
import { ClusterError } from '../../core/errors.js';

/** Looks names up, each time anew: addresses of containers change. Rejections count as no answer. */
export interface HostResolver {
  /** IPv4 and IPv6 addresses of a host name. */
  resolveHost(host: string): Promise<readonly string[]>;
  /** Targets of an SRV record. */
  resolveService(name: string): Promise<readonly Address[]>;
  /** The list of seeds in an environment variable, or in a file; empty when it is not there (yet). */
  readList(kind: 'env' | 'file', name: string): Promise<string>;
}

/**
 * Where seeds come from. A text lists seeds, separated by commas or white space: `host:port`, `[ipv6]:port`, a host without a port
 * (the default port is meant), `dns:name` or `dns:name:port` for all addresses of a name, `srv:_service._proto.name`, `env:NAME` for
 * the list in an environment variable, `file:path` for one in a file. All of them are looked up anew on every attempt. A function
 * is asked on every attempt too: for a list that somebody keeps elsewhere.
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
  const note = (error: unknown): string[] => {
    fault = error;
    return [];
  };
  const texts = await readSource(options).catch(note);
  const lookups = texts.slice(0, seedsMax).map(async (text) => {
    try {
      return await lookUp(text, options);
    } catch (error) {
      return note(error);
    }
  });
  for (const addresses of await Promise.all(lookups)) for (const address of addresses) found.add(address);
  return { addresses: [...found].slice(0, seedsMax), fault };
}

/** Throws `invalid-options` for a seed that is no address; a list given by hand should not fail silently. */
export function checkSeeds(source: SeedSource): void {
  if (typeof source === 'function') return;
  for (const text of splitSeeds(source)) {
    if (/^(?:srv|env|file):./.test(text)) continue;
    if (findAddress(withoutPrefix(text), 1) === undefined) throw notASeed(text);
  }
}

/** Says whether there is nobody to ask but `own`. A function may know somebody later. */
export function hasNoSeeds(source: SeedSource, own: string): boolean {
  return typeof source !== 'function' && splitSeeds(source).every((text) => text === own);
}

/** One attempt asks this many addresses at most; a headless service of a thousand pods needs no more. */
const seedsMax = 64;
const servicePrefix = 'srv:';
const namePrefix = 'dns:';

/** All seeds as they are written; lists in the environment and in files are read, but may not name further ones. */
async function readSource({ source, resolver }: SeedOptions): Promise<readonly string[]> {
  const texts = splitSeeds(typeof source === 'function' ? await source() : source);
  const lists = texts.map(async (text) => {
    const [, kind, name = ''] = /^(env|file):(.+)$/.exec(text) ?? [];
    if (kind !== 'env' && kind !== 'file') return [text];
    return resolver === undefined ? [] : splitSeeds(await resolver.readList(kind, name));
  });
  return (await Promise.all(lists)).flat();
}

function withoutPrefix(text: string): string {
  return text.startsWith(namePrefix) ? text.slice(namePrefix.length) : text;
}

function notASeed(text: string): ClusterError {
  return new ClusterError('invalid-options', `seed ${JSON.stringify(text.slice(0, 120))} is no host:port`);
}

function splitSeeds(source: string | readonly string[]): string[] {
  const texts = typeof source === 'string' ? [source] : source;
  // A path may have blanks in it.
  const parts = texts.flatMap((text) => (text.startsWith('file:') ? [text] : text.split(/[\s,]+/)));
  return parts.filter((text) => text !== '');
}

async function lookUp(text: string, options: SeedOptions): Promise<readonly string[]> {
  const { resolver, defaultPort } = options;
  if (text.startsWith(servicePrefix)) {
    if (resolver === undefined) return [];
    const targets = await resolver.resolveService(text.slice(servicePrefix.length));
    const lists = await Promise.all(targets.map((target) => resolveAddress(target, resolver)));
    return lists.flat();
  }
  const address = findAddress(withoutPrefix(text), defaultPort);
  if (address === undefined) throw notASeed(text);
  return resolver === undefined ? [addressToText(address)] : resolveAddress(address, resolver);
}

async function resolveAddress(address: Address, resolver: HostResolver): Promise<readonly string[]> {
  const isNumeric = address.host.includes(':') || /^\d{1,3}(?:\.\d{1,3}){3}$/.test(address.host);
  if (isNumeric) return [addressToText(address)];
  const hosts = await resolver.resolveHost(address.host);
  return hosts.map((host) => addressToText({ host, port: address.port }));
}
