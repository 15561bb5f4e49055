/**
 * Writes the package's JavaScript into a folder: one file for each entry and what they share, with dependencies left outside.
 * 250 small files cost a process 100 ms and more before its first line runs; see decision 0008.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { build, type Plugin } from 'esbuild';

const checkout = resolve(import.meta.dirname, '..');
const [folder = 'dist'] = process.argv.slice(2);
const outdir = resolve(checkout, folder);

/** The parts of RxJS that the package imports, and the one CommonJS file that loads them all. */
const rxjsParts = new Set<string>();
const rxjsFile = join(outdir, 'shared', 'rxjs.cjs');
const rxjsName = 'scalebus:rxjs';

/**
 * RxJS is CommonJS for Node. As ES modules import it, each part is read and scanned for its names once more; a file of CommonJS that
 * requires them all is scanned alone, which saves a third of the time to load the package. The copy stays the one that the user's program has.
 */
const throughOneFile: Plugin = {
  name: 'rxjs',
  setup(bundler) {
    bundler.onResolve({ filter: /^rxjs\/internal\// }, ({ path }) => {
      rxjsParts.add(path);
      return { path: rxjsName, external: true };
    });
  },
};

rmSync(join(outdir, 'shared'), { recursive: true, force: true });
const { metafile } = await build({
  absWorkingDir: checkout,
  entryPoints: ['src/index.ts', 'src/testing/index.ts', 'src/cli/main.ts'],
  outbase: 'src',
  outdir,
  chunkNames: 'shared/[name]-[hash]',
  bundle: true,
  splitting: true,
  packages: 'external',
  plugins: [throughOneFile],
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  sourcemap: 'linked',
  metafile: true,
  logLevel: 'warning',
});

const require = createRequire(import.meta.url);
const lines = [...rxjsParts].toSorted().flatMap((part) => {
  const names = Object.keys(require(part) as object);
  return names.map((name) => `exports.${name} = require('${part}').${name};\n`);
});
writeFileSync(rxjsFile, lines.join(''));

for (const output of Object.keys(metafile.outputs)) {
  if (!output.endsWith('.js')) continue;
  const file = join(checkout, output);
  const path = relative(dirname(file), rxjsFile).replaceAll('\\', '/');
  const text = readFileSync(file, 'utf8');
  if (!text.includes(rxjsName)) continue;
  writeFileSync(file, text.replaceAll(rxjsName, path.startsWith('.') ? path : `./${path}`));
}
