/**
 * The rules about the shape of the source. Each takes parsed files and returns what is wrong, one
 * line for each violation; an empty list means that the rule holds.
 */
import ts from 'typescript';
import { mayImport, mayNameBuffer, mayUse, realTime, roomOf } from './rooms.js';
import { codeLineCount, importedPath, importedPaths, lineOf, type Source, visit } from './source.js';

/** Code lines that a file of `src` may have. */
export const codeLinesMax = 400;

/** A rule that looks at one file. */
export type FileRule = (source: Source) => readonly string[];

/** Every file of `src` is in a known room and imports only rooms that its own may import. */
export const roomRule: FileRule = (source) => {
  const from = roomOf(source.path) ?? '?';
  const allowed = mayImport[from];
  if (allowed === undefined) return [`${source.path}: no room is called ${from}`];
  const wrong: string[] = [];
  for (const { name, line } of source.uses) {
    if (name === undefined) wrong.push(`${source.path}:${line} loads a computed module`);
    if (name?.startsWith('.') !== true) continue;
    const target = importedPath(source.path, name);
    const to = roomOf(target);
    if (to === undefined) wrong.push(`${source.path}:${line} leaves src: ${name}`);
    else if (isEntry(target)) wrong.push(`${source.path}:${line} imports an index: ${name}`);
    else if (to !== from && !allowed.includes(to)) {
      wrong.push(`${source.path}:${line} ${from} may not import ${to}: ${name}`);
    }
  }
  return wrong;
};

/** A room uses only the packages and Node modules that the table permits it. */
export const packageRule: FileRule = (source) => {
  const room = roomOf(source.path) ?? '?';
  return source.uses.flatMap(({ name, line, typeOnly, dynamic }) => {
    if (name === undefined || name.startsWith('.')) return [];
    const permits = (mayUse[room] ?? []).filter((one) => one.name.test(name) && one.files?.test(source.path) !== false);
    if (permits.length === 0) return [`${source.path}:${line} ${room} may not use ${name}`];
    const free = dynamic || typeOnly || permits.some((permit) => permit.dynamic !== true);
    return free ? [] : [`${source.path}:${line} ${name} must be loaded by import()`];
  });
};

/** No file imports itself through others, type imports included. */
export function cycleRule(sources: readonly Source[]): readonly string[] {
  const imports = new Map(sources.map((source) => [source.path, importedPaths(source)]));
  const done = new Set<string>();
  const wrong: string[] = [];
  const follow = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) wrong.push([...trail.slice(start), path].join(' -> '));
    if (start >= 0 || done.has(path)) return;
    for (const next of imports.get(path) ?? []) follow(next, [...trail, path]);
    done.add(path);
  };
  for (const { path } of sources) follow(path, []);
  return wrong;
}

/** A file has at most `codeLinesMax` lines of code; blank lines and comments are free. */
export const lengthRule: FileRule = (source) => {
  const count = codeLineCount(source);
  return count > codeLinesMax ? [`${source.path}: ${count} code lines, ${codeLinesMax} at most`] : [];
};

// Spelt with a class of one letter, so that these lines do not accuse themselves.
const bannedWords: ReadonlyArray<readonly [RegExp, string]> = [
  [/\bFIXM[E]\b/, 'a leftover'],
  [/\bTOD[O]\b(?!\(#\d+\))/, 'without an issue number'],
  [/\b(describe|it|context|suite|test)\.onl[y]\b/, 'runs one test alone'],
];

/** Words that must not reach the main branch, in code and comments alike. */
export const wordRule: FileRule = (source) =>
  source.text.split('\n').flatMap((line, index) =>
    bannedWords.flatMap(([word, why]) => {
      const found = word.exec(line);
      return found === null ? [] : [`${source.path}:${index + 1} ${found[0]}: ${why}`];
    }),
  );

/** The type `any` appears nowhere, neither as a declaration nor as a cast. */
export const anyRule: FileRule = (source) =>
  find(source, (node) => (node.kind === ts.SyntaxKind.AnyKeyword ? 'any: use unknown' : undefined));

const clockNames = new Set(['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'performance']);
const clockMembers = new Set([
  'Date.now',
  'Math.random',
  'process.nextTick',
  'process.hrtime',
  'crypto.randomUUID',
  'crypto.getRandomValues',
]);

/** Real time and real chance are read in the runtime only; everybody else takes a Clock or a Random. */
export const clockRule: FileRule = (source) => {
  if (realTime.test(source.path)) return [];
  return find(source, (node) => {
    if (ts.isNewExpression(node) && node.expression.getText() === 'Date') {
      return (node.arguments?.length ?? 0) === 0 ? 'new Date(): take a Clock' : undefined;
    }
    if (ts.isPropertyAccessExpression(node)) {
      const member = node.getText().replace(/^globalThis\./, '');
      return clockMembers.has(member) ? `${member}: take a Clock or a Random` : undefined;
    }
    const named = isValueName(node) && clockNames.has(node.text);
    return named ? `${node.text}: take a Clock` : undefined;
  });
};

/** Only the rooms at the edge name `Buffer`. */
export const bufferRule: FileRule = (source) => {
  if (mayNameBuffer.has(roomOf(source.path) ?? '?')) return [];
  return find(source, (node) =>
    ts.isIdentifier(node) && node.text === 'Buffer' ? 'Buffer: use Uint8Array' : undefined,
  );
};

/** A machine answers at once: nothing in `protocol` waits. */
export const asyncRule: FileRule = (source) => {
  if (!source.path.startsWith('src/protocol/')) return [];
  return find(source, (node) => {
    const waits =
      node.kind === ts.SyntaxKind.AsyncKeyword ||
      node.kind === ts.SyntaxKind.AwaitKeyword ||
      (ts.isIdentifier(node) && node.text === 'Promise');
    return waits ? `${node.getText()}: a machine does not wait` : undefined;
  });
};

/** Every exported declaration has a doc comment right above it; names passed on from elsewhere need none. */
export const docRule: FileRule = (source) => {
  const documented = new Set<string>();
  return source.ast.statements.flatMap((statement) => {
    const names = exportedNames(statement);
    if (names.length === 0) return [];
    // Later overloads, and a type that shares its name with a value, are covered by the first.
    if (names.every((name) => documented.has(name))) return [];
    if (!hasDoc(source, statement)) {
      const line = lineOf(source.ast, statement);
      return [`${source.path}:${line} ${names.join(', ')} has no doc comment right above it`];
    }
    for (const name of names) documented.add(name);
    return [];
  });
};

/** The folder table of the architecture document names the rooms that exist, and no others. */
export function folderTableRule(document: string, paths: readonly string[]): readonly string[] {
  const listed = document
    .split('\n')
    .map((line) => /^\|\s*`?(src\/[\w./-]*?)\/?`?\s*\|/.exec(line)?.[1])
    .filter((folder) => folder !== undefined);
  if (listed.length === 0) return ['the document has no table of src/ folders'];
  const rooms = new Set(paths.map(roomOf).filter((room) => room !== undefined && room !== '.'));
  return [
    ...listed
      .filter((folder) => !paths.some((path) => path === folder || path.startsWith(`${folder}/`)))
      .map((folder) => `${folder} is in the document and not in the tree`),
    ...[...rooms]
      .filter((room) => !listed.includes(`src/${room}`))
      .map((room) => `src/${room} is in the tree and not in the document`),
  ];
}

/** The rules for each file of `src`. */
export const sourceRules: Readonly<Record<string, FileRule>> = {
  'imports only the rooms that its room may import': roomRule,
  'uses only the packages that its room may use': packageRule,
  'has at most 400 code lines': lengthRule,
  'has no banned word': wordRule,
  'has no any': anyRule,
  'takes time and chance as arguments': clockRule,
  'leaves Buffer to the edge': bufferRule,
  'does not wait in a machine': asyncRule,
  'says what each export is': docRule,
};

/** The rules for tests, benches, examples and scripts. */
export const otherRules: Readonly<Record<string, FileRule>> = {
  'has no banned word': wordRule,
  'has no any': anyRule,
};

function isEntry(path: string): boolean {
  return path === 'src/index.ts' || path === 'src/testing/index.ts';
}

function find(source: Source, judge: (node: ts.Node) => string | undefined): readonly string[] {
  const wrong: string[] = [];
  visit(source.ast, (node) => {
    const why = judge(node);
    if (why !== undefined) wrong.push(`${source.path}:${lineOf(source.ast, node)} ${why}`);
  });
  return wrong;
}

/** An identifier that stands for a value in scope, not for a member or a key of its own. */
function isValueName(node: ts.Node): node is ts.Identifier {
  if (!ts.isIdentifier(node)) return false;
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) {
    return parent.expression === node || parent.expression.getText() === 'globalThis';
  }
  const names =
    ts.isPropertyAssignment(parent) ||
    ts.isPropertySignature(parent) ||
    ts.isPropertyDeclaration(parent) ||
    ts.isMethodSignature(parent) ||
    ts.isMethodDeclaration(parent);
  return !(names && parent.name === node);
}

function exportedNames(statement: ts.Statement): readonly string[] {
  if (!ts.canHaveModifiers(statement)) return [];
  const exported = ts.getModifiers(statement)?.some((modifier) => modifier.kind === ts.SyntaxKind.ExportKeyword);
  if (exported !== true) return [];
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.map((declaration) => declaration.name.getText());
  }
  const name =
    ts.isFunctionDeclaration(statement) ||
    ts.isClassDeclaration(statement) ||
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement)
      ? statement.name?.text
      : undefined;
  return [name ?? 'an export'];
}

function hasDoc(source: Source, statement: ts.Statement): boolean {
  const comments = ts.getLeadingCommentRanges(source.text, statement.pos) ?? [];
  // A linter's line has to stand right above the export too; without it a rule would be off for the whole file.
  const last = comments.findLast(({ pos }) => !source.text.startsWith('// oxlint-disable-next-line ', pos));
  if (last === undefined || !source.text.startsWith('/**', last.pos)) return false;
  // A blank line in between makes it the comment of the file, not of the export.
  return !/\n\s*\n/.test(source.text.slice(last.end, statement.getStart(source.ast)));
}
