import { lookup, resolveSrv } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import type { HostResolver } from '../cluster/membership/seeds.js';
import type { Address } from '../core/address.js';

/** Looks seeds up by the machine: its name service, its environment, its files. Nothing is cached here. */
export class NodeResolver implements HostResolver {
  readonly #environment: Readonly<Record<string, string | undefined>>;

  constructor(environment: Readonly<Record<string, string | undefined>> = process.env) {
    this.#environment = environment;
  }

  async resolveHost(host: string): Promise<readonly string[]> {
    const found = await lookup(host, { all: true });
    return found.map(({ address }) => address);
  }

  async resolveService(name: string): Promise<readonly Address[]> {
    const found = await resolveSrv(name);
    return found.map(({ name: host, port }) => ({ host, port }));
  }

  async readList(kind: 'env' | 'file', name: string): Promise<string> {
    if (kind === 'env') return this.#environment[name] ?? '';
    const bytes = await readFile(name);
    return bytes.subarray(0, listBytesMax).toString('utf8');
  }
}

/** A list of seeds is short; a path that was given by mistake may not be. */
const listBytesMax = 65_536;
