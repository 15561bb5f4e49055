/**
 * Where the files of a bench are. Apart from what compiles them, which a measured process need not load.
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the checkout, from the source as from the compiled file. */
export const rootDir: string = findRoot(dirname(fileURLToPath(import.meta.url)));
/** Where the compiled files are. */
export const buildDir: string = join(rootDir, 'bench', '.build');

/** The entry of the package as users install it: bundled. */
export const packageEntry: string = join(buildDir, 'package', 'index.js');

/** The compiled file of a source file given from the root: `bench/limit/limit.ts`. */
export function compiledPath(sourcePath: string): string {
  return join(buildDir, sourcePath.replace(/\.ts$/, '.js'));
}

/** The source is two folders below the root, the compiled file three: look for the lock file that only the root has. */
function findRoot(start: string): string {
  for (let dir = start; dir !== dirname(dir); dir = dirname(dir)) {
    if (existsSync(join(dir, 'tsconfig.base.json'))) return dir;
  }
  throw new Error(`no checkout of scalebus above ${start}`);
}
