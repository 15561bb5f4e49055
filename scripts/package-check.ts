/**
 * Checks the package as a user gets it: packs it once, lints the tarball and its types, installs it
 * in an empty folder, type-checks and runs the first program of the README there, and asks the
 * command for its version. Needs `npm run build` to work; leaves nothing behind.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const checkout = resolve(import.meta.dirname, '..');
const tools = join(checkout, 'node_modules');
/** What a program prints that proves that the package loads, where the README has none yet. */
const smallest = `import { createNode } from "scalebus";
import * as testing from "scalebus/testing";
const node = createNode();
await node.start();
await node.stop();
console.log(typeof testing);
`;
/** The package MUST have the copy of RxJS that the user's program has, whichever way each of them loads it. */
const sameRxjs = `import assert from "node:assert/strict";
import { Observable } from "rxjs";
import { createLocalBus } from "scalebus";
assert.ok(createLocalBus().observe("/a") instanceof Observable, "a second copy of RxJS");
`;
/** A program of the README ends by itself, or serves until it is stopped: then it must have printed something. */
const programLimitMs = 20_000;

const folder = mkdtempSync(join(tmpdir(), 'scalebus-package-'));
try {
  await check();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function check(): Promise<void> {
  say('build and pack');
  runTool('npm', ['run', 'build', '--silent'], checkout);
  const packed = runTool('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], checkout);
  const tarball = join(folder, fileNameOf(packed));

  say('lint the tarball');
  runTool(join(tools, '.bin/publint'), ['run', tarball, '--strict'], checkout);
  runTool(join(tools, '.bin/attw'), [tarball, '--profile', 'esm-only'], checkout);

  say('install it in an empty folder');
  const home = join(folder, 'user');
  const manifest = { name: 'user', private: true, type: 'module' };
  execFileSync('mkdir', [home]);
  writeFileSync(join(home, 'package.json'), JSON.stringify(manifest));
  runTool('npm', ['install', '--no-audit', '--no-fund', tarball], home);

  say('type-check and run the first program');
  const program = join(home, 'program.ts');
  writeFileSync(program, firstProgram() ?? smallest);
  typeCheck(home);
  await runProgram(program, home);

  say('compare its RxJS with that of the user');
  writeFileSync(join(home, 'rxjs.mjs'), sameRxjs);
  runTool(process.execPath, ['rxjs.mjs'], home);

  say('ask the command');
  const { version } = readManifest(checkout);
  const command = join(home, 'node_modules/.bin/scalebus');
  const answer = runTool(command, ['--version'], home).trim();
  assert.ok(answer.includes(version), `scalebus --version said ${answer}, not ${version}`);
}

/** The first fenced program of the README that imports the package. */
function firstProgram(): string | undefined {
  const readme = join(checkout, 'README.md');
  if (!existsSync(readme)) return undefined;
  const fences = readFileSync(readme, 'utf8').matchAll(/^```(?:ts|js|typescript|javascript)\b[^\n]*\n(.*?)^```/gms);
  return [...fences]
    .map((fence) => fence[1])
    .find((text) => text?.includes('"scalebus') || text?.includes("'scalebus"));
}

/** A user's strict compiler reads every declaration that the package ships or refers to. */
function typeCheck(home: string): void {
  // Node's own types are the only ones that a user of TypeScript brings.
  execFileSync('mkdir', ['-p', join(home, 'node_modules/@types')]);
  const types = join(home, 'node_modules/@types/node');
  if (!existsSync(types)) symlinkSync(join(tools, '@types/node'), types);
  const config = {
    compilerOptions: {
      target: 'es2023',
      module: 'nodenext',
      lib: ['es2023'],
      types: ['node'],
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: false,
      noEmit: true,
    },
    files: ['program.ts'],
  };
  writeFileSync(join(home, 'tsconfig.json'), JSON.stringify(config));
  runTool(join(tools, '.bin/tsc'), ['-p', 'tsconfig.json'], home);
}

async function runProgram(program: string, home: string): Promise<void> {
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  const child = spawn(process.execPath, ['--import', tsx, program], {
    cwd: home,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const limit = setTimeout(() => child.kill('SIGTERM'), programLimitMs);
  try {
    const code = await new Promise<number | null>((done, failed) => {
      child.once('error', failed);
      child.once('close', done);
    });
    const served = child.killed && output.length > 0;
    assert.ok(code === 0 || served, `the program ended with ${code ?? 'no exit'}:\n${output}`);
  } finally {
    clearTimeout(limit);
  }
}

/** Runs to the end and returns what was printed; on failure shows it and throws. */
function runTool(command: string, args: readonly string[], cwd: string): string {
  try {
    return execFileSync(command, args, {
      cwd,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  } catch (error) {
    const { stdout, stderr } = error as { readonly stdout?: string; readonly stderr?: string };
    throw new Error(`${command} ${args.join(' ')} failed\n${stdout ?? ''}\n${stderr ?? ''}`, {
      cause: error,
    });
  }
}

function fileNameOf(packed: string): string {
  // npm's answer: one entry for each packed package.
  const [entry] = JSON.parse(packed) as ReadonlyArray<{ readonly filename: string }>;
  assert.ok(entry !== undefined, 'npm pack named no file');
  return entry.filename;
}

function readManifest(path: string): { readonly version: string } {
  return JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')) as {
    readonly version: string;
  };
}

function say(what: string): void {
  console.log(`-- ${what}`);
}
