/** Loads adapters, and the packages that only they need. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Contender } from '../contender.js';
import { compiledPath, rootDir } from './paths.js';

/** The adapter of a source path such as `bench/limit/limit.ts`, from the compiled files. */
export async function loadContender(module: string): Promise<Contender> {
  const loaded = (await import(pathToFileURL(compiledPath(module)).href)) as {
    readonly contender: Contender;
  };
  return loaded.contender;
}

const peersRequire = createRequire(join(rootDir, 'bench', 'peers', 'package.json'));

/** A package of bench/peers. The caller names the part of its interface that it uses. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the packages' types are not installed here: the caller names what it uses
export function requirePeer<T>(name: string): T {
  return peersRequire(name) as T;
}

/** A package of bench/peers that is an ES module. */
export async function importPeer<T>(name: string): Promise<T> {
  return (await import(pathToFileURL(peersRequire.resolve(name)).href)) as T;
}
