/**
 * Turns src and bench into plain JavaScript under bench/.build before anything is timed. The loader that runs tests keeps
 * the names of functions by a call for each closure that is made, which would be timed too; users run plain JavaScript.
 * Types are stripped file by file, of those that changed, by what bundles the package: all of them take a second.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { build } from 'esbuild';
import { buildDir, compiledPath, packageEntry, rootDir } from './paths.js';

/** Compiles what changed and removes what has no source any more. Returns how many files it wrote. */
export async function compile(): Promise<number> {
  const sources = [...walk(join(rootDir, 'src'), '.ts'), ...walk(join(rootDir, 'bench'), '.ts')];
  const wanted = new Set<string>();
  const stale: string[] = [];
  for (const source of sources) {
    const target = compiledPath(relative(rootDir, source));
    wanted.add(target);
    if (modifiedMs(target) < modifiedMs(source)) stale.push(source);
  }
  for (const root of ['src', 'bench']) {
    for (const file of walk(join(buildDir, root), '.js')) if (!wanted.has(file)) rmSync(file);
  }
  const bundler = join(rootDir, 'scripts', 'bundle.ts');
  const isPackageStale = modifiedMs(packageEntry) < Math.max(modifiedMs(bundler), ...sources.map(modifiedMs));
  if (isPackageStale) bundle();
  if (stale.length === 0) return 0;
  await build({
    absWorkingDir: rootDir,
    entryPoints: stale,
    outbase: rootDir,
    outdir: buildDir,
    format: 'esm',
    platform: 'node',
    target: 'es2023',
    logLevel: 'warning',
  });
  return stale.length;
}

function bundle(): void {
  const folder = relative(rootDir, dirname(packageEntry));
  execFileSync(process.execPath, ['--import', 'tsx', 'scripts/bundle.ts', folder], { cwd: rootDir, stdio: 'inherit' });
}

function* walk(dir: string, extension: string): Generator<string> {
  let entries;
  try {
    entries = readdirSync(dir, { withFileTypes: true });
  } catch {
    // A folder that does not exist yet has no files.
    return;
  }
  for (const entry of entries) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) {
      if (entry.name !== 'node_modules' && entry.name !== '.build') yield* walk(path, extension);
    } else if (entry.name.endsWith(extension) && !entry.name.endsWith('.d.ts')) yield path;
  }
}

function modifiedMs(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
