import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { findOutputs, findSnippets, type Snippet } from '../docs/snippets.js';
import { drawLabel, type Program, Programs, rootFolder } from './process-fixture.js';

/**
 * Runs every marked block of the documents as a reader would. A block alone must end with 0. Blocks of a group are started in their
 * order, each once the one before has written a line; the last must end with 0, the others serve until they are interrupted, which
 * must end them too. What the document says that they print, they must print.
 */
describe('every snippet of the documents', function snippets() {
  this.timeout(120_000);
  let programs: Programs;

  beforeEach(() => {
    programs = new Programs();
  });
  afterEach(() => programs.stop());

  const documents = ['README.md', ...documentsUnder('docs')];
  const groups = documents.flatMap((document) => groupsOf(document));

  it('is found', () => {
    assert.ok(groups.some(({ name }) => name === 'README.md hello'));
  });

  for (const { name, snippets: group, outputs } of groups) {
    it(`runs and prints what it says: ${name}`, async () => {
      const label = drawLabel();
      const tens = drawTens();
      const running: Program[] = [];
      for (const [index, snippet] of group.entries()) {
        const program = programs.run(`snippet-${index}`, withPorts(withLabel(snippet.code, label), tens));
        running.push(program);
        if (index < group.length - 1) await program.until(/\n/, 0, 60_000);
      }
      const told = (): string => running.map((one) => one.out + one.errors).join('\n');
      assert.equal(await running.at(-1)?.exit(60_000), 0, told());
      for (const [index, program] of running.entries()) {
        for (const line of outputs.get(group[index]?.group) ?? []) await program.until(lineToPattern(line));
        if (!program.isRunning) continue;
        program.kill('SIGINT');
        await program.exit();
      }
      assert.equal(running.map((program) => program.errors).join(''), '');
    });
  }
});

interface Group {
  readonly name: string;
  readonly snippets: readonly Snippet[];
  /** What each of them prints, by its group and number. */
  readonly outputs: ReadonlyMap<string | undefined, readonly string[]>;
}

function documentsUnder(folder: string): string[] {
  return readdirSync(join(rootFolder, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name))
    .toSorted();
}

/** Blocks that run together, under a name that says where they are. */
function groupsOf(document: string): Group[] {
  const path = join(rootFolder, document);
  const outputs = new Map(findOutputs(path).map((output) => [output.group, output.code.split('\n')]));
  const groups = new Map<string, Snippet[]>();
  for (const snippet of findSnippets(path)) {
    const group = snippet.group?.split('/')[0];
    const name = group === undefined ? `${document}:${snippet.line}` : `${document} ${group}`;
    groups.set(name, [...(groups.get(name) ?? []), snippet]);
  }
  return [...groups].map(([name, snippets]) => ({
    name,
    outputs,
    snippets: snippets.toSorted((left, right) => numberOf(left) - numberOf(right)),
  }));
}

function numberOf(snippet: Snippet): number {
  return Number(snippet.group?.split('/')[1] ?? 0);
}

/** The block as it stands, in a cluster of its own: whatever else runs on this machine has the default label. */
function withLabel(code: string, label: string): string {
  return code
    .replaceAll('createNode()', 'createNode({})')
    .replaceAll(/createNode\(\{(?![^}]*label:)/g, `createNode({ label: '${label}',`);
}

/** Ports 7710 to 7719 stand for ten of this group's own: another run on this machine may be at the same block. */
function withPorts(code: string, tens: number): string {
  return code.replaceAll(/\b771(\d)\b/g, `${tens}$1`);
}

/** A port without its last digit, below those that systems give to outgoing connections. */
function drawTens(): number {
  return 2000 + Math.floor(Math.random() * 1200);
}

function lineToPattern(line: string): RegExp {
  const parts = line.split('...').map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join('.*')}$`, 'm');
}
