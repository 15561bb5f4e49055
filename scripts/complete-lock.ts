/**
 * Completes package-lock.json with the optional binaries of other platforms.
 *
 * Tools such as esbuild or oxlint ship one optional package for each platform. A registry mirror that does not carry all of
 * them makes npm leave the missing ones out of the lock, and `npm ci` then refuses the lock as out of step. An entry needs
 * only the version and the platform: npm skips it elsewhere and checks it against the registry where it is installed.
 * Run it after any change of dependencies: `npx tsx scripts/complete-lock.ts`, and for another lock with its path:
 * `npx tsx scripts/complete-lock.ts bench/peers/package-lock.json`.
 */
import { readFileSync, writeFileSync } from 'node:fs';

/** One entry of a lock file, as far as this script reads or writes it. */
interface LockEntry {
  version?: string;
  dev?: boolean;
  devOptional?: boolean;
  optional?: boolean;
  os?: string[];
  cpu?: string[];
  libc?: string[];
  engines?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

interface Lock {
  packages: Record<string, LockEntry>;
}

const systems = new Set([
  'aix',
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
]);
const processors = new Set([
  'arm',
  'arm64',
  'ia32',
  'loong64',
  'mips64el',
  'ppc64',
  'riscv64',
  's390x',
  'wasm32',
  'x64',
]);

const lockPath = process.argv[2] ?? 'package-lock.json';
// The file was written by npm in this format.
const lock = JSON.parse(readFileSync(lockPath, 'utf8')) as Lock;
const places = completeLock(lock);
if (places.length > 0) {
  lock.packages = Object.fromEntries(Object.entries(lock.packages).toSorted(([a], [b]) => a.localeCompare(b, 'en')));
  writeFileSync(lockPath, `${JSON.stringify(lock, null, 2)}\n`);
}
console.log(`${places.length} entries added`);

function completeLock({ packages }: Lock): string[] {
  const added: string[] = [];
  for (const [path, entry] of Object.entries(packages)) {
    for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
      // A range cannot be completed without asking a registry; the platform packages are always pinned.
      if (!/^\d+\.\d+\.\d+[\w.-]*$/.test(range)) continue;
      const top = `node_modules/${name}`;
      if (packages[top]?.version === range || packages[`${path}/${top}`] !== undefined) continue;
      const platform = platformOf(name);
      if (platform === undefined) continue;
      const place = packages[top] === undefined ? top : `${path}/${top}`;
      packages[place] = {
        version: range,
        ...platform,
        ...(entry.dev === true ? { dev: true } : {}),
        optional: true,
      };
      added.push(place);
    }
  }
  return added;
}

/** Reads system, processor and C library out of a name such as `@oxfmt/binding-linux-x64-musl`. */
function platformOf(name: string): Pick<LockEntry, 'os' | 'cpu' | 'libc'> | undefined {
  const words = name.split(/[/-]/);
  const os = words.find((word) => systems.has(word));
  const cpu = words.find((word) => processors.has(word));
  if (cpu === undefined || (os === undefined && cpu !== 'wasm32')) return undefined;
  const last = words.at(-1) ?? '';
  const libc = last.startsWith('musl') ? ['musl'] : last.startsWith('gnu') ? ['glibc'] : undefined;
  return {
    cpu: [cpu],
    ...(os === undefined ? {} : { os: [os] }),
    ...(libc === undefined ? {} : { libc }),
  };
}
