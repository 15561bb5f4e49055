/** The examples of the documents as the compiler of a user sees them. Those marked `run` are run by an integration test as well. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import ts from 'typescript';
import { findAllBlocks, findDocuments } from './snippets.js';

const blocks = findDocuments().flatMap(findAllBlocks);
const snippets = blocks.filter(({ info }) => /^(ts|js)\b/.test(info));

describe('the blocks of the documents', () => {
  it('are of a kind that a test looks at', () => {
    const kinds = /^(ts run(=\S+)?|ts check|text( of=\S+)?|sh|yaml|)$/;
    assert.deepEqual(
      blocks.filter(({ info }) => !kinds.test(info)).map(({ place, info }) => `${place} ${info}`),
      [],
    );
    assert.ok(snippets.length > 30);
  });

  it('compile in a strict project, where a mistake would not', function compile() {
    this.timeout(240_000);
    const mistake = ['a mistake', "import { createNode } from 'scalebus';\ncreateNode({ nmae: 'x' });"] as const;
    const faults = faultsOf([...snippets.map(({ place, text }) => [place, text] as const), mistake]);
    assert.deepEqual(
      faults.filter((fault) => !fault.startsWith('a mistake')),
      [],
    );
    assert.match(faults.join(), /^a mistake .*nmae/);
  });
});

/** Faults of texts as files of one project that has the package installed. */
function faultsOf(texts: readonly (readonly [place: string, text: string])[]): string[] {
  const files = new Map(texts.map(([, text], index) => [join(process.cwd(), `test/docs/snippet-${index}.ts`), text]));
  const places = new Map(texts.map(([place], index) => [`snippet-${index}.ts`, place]));
  // Libraries that examples name and that this project does not have.
  const guests = join(process.cwd(), 'test/docs/guests.d.ts');
  files.set(guests, "declare module 'prom-client';");
  const options: ts.CompilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noEmit: true,
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    types: ['node'],
    skipLibCheck: true,
    paths: { scalebus: ['./src/index.ts'], 'scalebus/testing': ['./src/testing/index.ts'] },
  };
  const host = ts.createCompilerHost(options);
  const program = ts.createProgram([...files.keys()], options, {
    ...host,
    getSourceFile: (name, version, ...rest) => {
      const text = files.get(name);
      return text === undefined ? host.getSourceFile(name, version, ...rest) : ts.createSourceFile(name, text, version);
    },
    fileExists: (name) => files.has(name) || host.fileExists(name),
    readFile: (name) => files.get(name) ?? host.readFile(name),
  });
  return [...files.keys()].flatMap((name) => {
    const file = program.getSourceFile(name);
    const faults = [...program.getSemanticDiagnostics(file), ...program.getSyntacticDiagnostics(file)];
    return faults.map((fault) => {
      const line = file?.getLineAndCharacterOfPosition(fault.start ?? 0).line ?? 0;
      const place = places.get(name.slice(name.lastIndexOf('/') + 1)) ?? name;
      return `${place} +${line + 1}: ${ts.flattenDiagnosticMessageText(fault.messageText, ' ')}`;
    });
  });
}
