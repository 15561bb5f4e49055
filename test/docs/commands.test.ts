/** What the documents tell a person to type: it exists, with the flags that are named. Nothing is carried out. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { benches } from '../../bench/catalogue.js';
import { parseOptions } from '../../bench/options.js';
import { others } from '../../bench/others.js';
import { explanationToLines } from '../../src/cli/explain-lines.js';
import { resolveNodeConfig } from '../../src/cli/node-config.js';
import { createProgram } from '../../src/cli/program.js';
import { openScenarios, simScenarios } from '../../src/testing/sim-scenarios.js';
import { KeptTerminal } from '../cli/cli-fixture.js';
import { findAllBlocks, findDocuments } from './snippets.js';

const documents = findDocuments();
const cliGuide = readFileSync('docs/guide/cli.md', 'utf8');
const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
/** Parts of the shell's own language that begin a line of ours. */
const shellWords: ReadonlySet<string> = new Set(['for', 'do', 'done', 'case', 'esac', '3)', '4)', 'kill']);
/** Programs of others. */
const foreign: ReadonlySet<string> = new Set(['mosquitto_pub', 'openssl', 'jq', 'echo']);

describe('commands of the documents', () => {
  const found = documents.flatMap(commandsOf);

  it('are found', () => {
    for (const name of ['scalebus', 'npm', 'npx', 'mosquitto_pub', 'openssl']) {
      assert.ok(
        found.some(({ words }) => words[0] === name),
        name,
      );
    }
  });

  for (const { place, words } of found) {
    it(`can be typed: ${words.join(' ')} (${place})`, async () => assert.equal(await faultOf(words), undefined));
  }

  it('would be refused with a mistake', async () => {
    for (const line of [
      'scalebus subs /x',
      'scalebus sub /x --cuont 1',
      'npm run tests',
      'npm run bench -- rcp',
      'rm -rf /',
    ]) {
      assert.notEqual(await faultOf(line.split(' ')), undefined, line);
    }
  });
});

describe('the guide to the command line', () => {
  it('names every command and flag, and each flag beside the command that has it', async () => {
    for (const command of await commandNames()) {
      const help = await helpOf(command);
      const flags = flagsOf(help).filter((flag) => flag !== '--help');
      assert.ok(cliGuide.includes(`\`scalebus ${command}`), command);
      for (const flag of flags) assert.ok(flagsOf(cliGuide).includes(flag), `${command} ${flag}`);
      const rows = cliGuide.split('\n').filter((line) => line.startsWith(`| \`scalebus ${command}`));
      for (const flag of rows.flatMap(flagsOf)) assert.ok(flags.includes(flag), `${command} has no ${flag}`);
    }
  });

  it('lists what a node takes: flags, variables and keys of its file', async () => {
    const rows = [...cliGuide.matchAll(/^\| `(--\S+)[^`]*` \| `(SCALEBUS_\w+)[^|]*\| (?:`(\w+)`)? *\|/gm)];
    const flags = flagsOf(await helpOf('node')).filter((flag) => flag !== '--json' && flag !== '--help');
    assert.deepEqual(new Set(rows.map(([, flag = '']) => flag)), new Set(flags));
    const source = readFileSync('src/cli/node-config.ts', 'utf8');
    for (const [, flag = '', variable = '', key] of rows) {
      // Those of one text are named by a function of the key.
      const isKnown = source.includes(`'${variable}'`) || variable === `SCALEBUS_${String(key).toUpperCase()}`;
      assert.ok(isKnown, `${flag} ${variable}`);
      assert.ok(key === undefined || source.includes(`  '${key}',`), `${flag} ${String(key)}`);
    }
  });

  it('shows a config file that is taken', () => {
    const folder = mkdtempSync(join(tmpdir(), 'scalebus-docs-'));
    try {
      const files = findAllBlocks('docs/guide/cli.md').filter(({ info }) => info === 'yaml');
      assert.equal(files.length, 1);
      for (const { text } of files) {
        const file = join(folder, 'node.yaml');
        writeFileSync(file, text);
        const config = resolveNodeConfig({ config: file }, {});
        assert.deepEqual([config.name, config.rules], ['gateway', [join(folder, 'rules/climate.yaml')]]);
        assert.deepEqual(config.seeds, ['10.0.0.2:7700', 'dns:nodes.example:7700']);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('shows what `explain` prints', () => {
    const shown = explanationToLines({
      topic: '/alarm/b1',
      node: 'gateway',
      subscriptions: [{ id: 'log', patterns: ['/alarm/*'], group: undefined, priority: 0, local: true, broker: true }],
      nodes: [{ node: 'rules', epoch: 1, because: ['/alarm/**'], linked: true, suspect: false, inFlight: 0 }],
      groups: [
        {
          name: 'siren',
          strategy: 'oldest',
          members: [
            { node: 'gateway', members: 1, usable: true },
            { node: 'rules', members: 2, usable: true },
          ],
          winner: 'gateway',
        },
      ],
      responders: [{ node: 'rules', plain: 1, groups: [] }],
    });
    const text = shown.map(stripVTControlCharacters).join('\n');
    assert.ok(cliGuide.includes(`\n${text}\n`), text);
  });
});

interface Typed {
  readonly place: string;
  readonly words: readonly string[];
}

/** Commands in blocks of `sh`, and those between back quotes in the text. */
function commandsOf(document: string): Typed[] {
  const blocks = findAllBlocks(document)
    .filter(({ info }) => info === 'sh')
    .flatMap(({ place, text }) => linesOf(text).map((line) => ({ place, line })));
  const text = readFileSync(document, 'utf8').replaceAll(/^```[^]*?^```/gm, '');
  const inline = [...text.matchAll(/`((?:npm|npx|scalebus|\w+=\S+ npm) [^`]+)`/g)].map(([, line = '']) => ({
    place: document,
    line,
  }));
  return [...blocks, ...inline].flatMap(({ place, line }) =>
    split(line)
      .filter((words) => words.length > 0 && !shellWords.has(words[0] ?? ''))
      .map((words) => ({ place, words })),
  );
}

/** Lines without comments, with continued ones joined. */
function linesOf(text: string): string[] {
  return text.replaceAll('\\\n', ' ').split('\n');
}

/** The commands of one line, each as its words: quotes taken off, variables in front dropped, redirections and comments left out. */
function split(line: string): string[][] {
  const commands: string[][] = [[]];
  for (const [word] of line.matchAll(/#.*|'[^']*'|"[^"]*"|\|\||&&|[|;]|(?:[^\s'"|;&]|'[^']*')+/g)) {
    if (word.startsWith('#')) break;
    if (['|', '||', '&&', ';'].includes(word)) commands.push([]);
    else commands.at(-1)?.push(word.replaceAll(/^['"]|['"]$/g, ''));
  }
  return commands.map((words) => words.slice(words.findIndex((word) => !/^[A-Z_]+=/.test(word))));
}

async function faultOf(words: readonly string[]): Promise<string | undefined> {
  const [first = '', ...rest] = words;
  if (foreign.has(first)) return undefined;
  if (first === 'scalebus') return faultOfScalebus(rest);
  if (first === 'npx') return faultOfNpx(rest);
  return first === 'npm' ? faultOfNpm(rest) : `${first} is not known`;
}

/** A file of the checkout, or one that the document tells to write. */
function faultOfNpx([program, file = '']: readonly string[]): string | undefined {
  const isTold = documents.some((document) => readFileSync(document, 'utf8').includes(`\`${file}\``));
  return program === 'tsx' && (existsSync(file) || isTold) ? undefined : `${file} is no file`;
}

function faultOfNpm([verb = '', ...rest]: readonly string[]): string | undefined {
  if (verb === 'ci' || verb === 'install') return undefined;
  const script = verb === 'run' ? (rest[0] ?? '') : verb;
  if (scripts[script] === undefined) return `there is no script ${script}`;
  const args = rest.includes('--') ? rest.slice(rest.indexOf('--') + 1) : [];
  if (script === 'bench') return faultOfBench(args);
  return script === 'sim' ? faultOfSim(args) : undefined;
}

function faultOfBench(args: readonly string[]): string | undefined {
  const known = ['all', ...[...benches, ...others].map(({ name }) => name)];
  const words = args.map((word) => (/^(<\w+>|NAME)$/.test(word) ? 'rpc' : word));
  const own = others.some(({ name, ownArguments }) => ownArguments && name === words[0]);
  const parsed = parseOptions(own ? words.slice(0, 1) : words, known);
  return parsed.kind === 'text' && parsed.exitCode !== 0 ? parsed.text : undefined;
}

function faultOfSim(args: readonly string[]): string | undefined {
  const known = new Set([...simScenarios, ...openScenarios].map(({ name }) => name));
  const flags = new Set(['--from', '--seeds', '--twice', '--json', '--help']);
  return args.find((word) => !/^\d+$/.test(word) && !known.has(word) && !flags.has(word));
}

/** Runs it up to where it would attach to a node, or read its config. */
async function faultOfScalebus(args: readonly string[]): Promise<string | undefined> {
  const terminal = new KeptTerminal();
  const reached = 'as far as this test goes';
  const program = createProgram(terminal, () => Promise.reject(new Error(reached)));
  // A node would start; a config file that there is not stops it once its flags were read.
  const isNode = args[0] === 'node';
  await program.run(isNode ? [...args, '--config', '/no/such/file.yaml'] : args);
  const told = terminal.notes.join('\n');
  return told.includes(reached) || (isNode && told.includes('ENOENT')) ? undefined : told;
}

async function commandNames(): Promise<string[]> {
  const help = await helpOf();
  return [...help.slice(help.indexOf('Commands:')).matchAll(/^ {2}(\w+) /gm)]
    .map(([, name = '']) => name)
    .filter((name) => name !== 'help');
}

async function helpOf(...command: string[]): Promise<string> {
  const terminal = new KeptTerminal();
  await createProgram(terminal).run([...command, '--help']);
  return terminal.lines.join('\n').split('\nExit codes')[0] ?? '';
}

function flagsOf(text: string): string[] {
  return [...new Set([...text.matchAll(/(?<![\w-])--[a-z]+/g)].map(([flag]) => flag))];
}
