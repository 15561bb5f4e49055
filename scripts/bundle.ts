/**
 * Writes the package's JavaScript into a folder: one file for each entry and what they share, with dependencies left outside.
 * 250 small files cost a process 100 ms and more before its first line runs; see decision 0008.
 */
import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';

const checkout = resolve(import.meta.dirname, '..');
const [folder = 'dist'] = process.argv.slice(2);
const outdir = resolve(checkout, folder);

rmSync(join(outdir, 'shared'), { recursive: true, force: true });
await build({
  absWorkingDir: checkout,
  entryPoints: ['src/index.ts', 'src/testing/index.ts', 'src/cli/main.ts'],
  outbase: 'src',
  outdir,
  chunkNames: 'shared/[name]-[hash]',
  bundle: true,
  splitting: true,
  packages: 'external',
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  sourcemap: 'linked',
  logLevel: 'warning',
});
