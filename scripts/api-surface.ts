/** Lists what the package exports, by parsing the export lines and following them: no type check. */
import { existsSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import ts from 'typescript';

/** Reads a file of the checkout; `undefined` where there is none. */
export type ReadText = (path: string) => string | undefined;

/** The entry points of the package, by the name that a user imports. */
export const entryPoints: Readonly<Record<string, string>> = {
  scalebus: 'src/index.ts',
  'scalebus/testing': 'src/testing/index.ts',
};

/** The whole surface as text: a heading for each entry point that exists, then `kind name`, sorted by name. */
export function surfaceText(read: ReadText = readFromDisk): string {
  return Object.entries(entryPoints)
    .filter(([, path]) => read(path) !== undefined)
    .map(([name, path]) => `# ${name}\n${surfaceOf(path, read).join('\n')}\n`)
    .join('\n');
}

/** One line for each exported name: its kind, or kinds, and the name. Throws on an export that cannot be followed. */
export function surfaceOf(entry: string, read: ReadText): readonly string[] {
  return [...exportsOf(entry, read)].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, kind]) => `${kind} ${name}`);
}

/** Exported name to kind. */
type Exports = ReadonlyMap<string, string>;

function exportsOf(path: string, read: ReadText): Exports {
  const text = read(path);
  if (text === undefined) throw new Error(`${path} does not exist`);
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true, ts.ScriptKind.TS);
  const declared = new Map<string, string>();
  const exported = new Map<string, string>();
  for (const statement of file.statements) {
    for (const [name, kind] of declarationsOf(statement)) {
      declared.set(name, join(declared.get(name), kind));
      if (isExported(statement)) exported.set(name, join(exported.get(name), kind));
    }
  }
  for (const statement of file.statements) {
    if (!ts.isExportDeclaration(statement)) continue;
    const { exportClause: clause, moduleSpecifier: from } = statement;
    if (clause === undefined || !ts.isNamedExports(clause)) {
      throw new Error(`${path}: export names one by one: ${statement.getText()}`);
    }
    const names = from === undefined ? declared : targetOf(path, from, read);
    for (const { name, propertyName } of clause.elements) {
      const source = (propertyName ?? name).text;
      const kind = typeof names === 'string' ? names : names.get(source);
      if (kind === undefined) throw new Error(`${path}: ${source} is not there to export`);
      exported.set(name.text, kind);
    }
  }
  return exported;
}

/** What the module exports, or the kind of everything in it where it is not ours. */
function targetOf(path: string, from: ts.Expression, read: ReadText): Exports | string {
  const name = ts.isStringLiteral(from) ? from.text : from.getText();
  if (!name.startsWith('.')) return `from ${name}`;
  const target = posix.normalize(posix.join(posix.dirname(path), name));
  return exportsOf(target.replace(/\.js$/, '.ts'), read);
}

function declarationsOf(statement: ts.Statement): ReadonlyArray<readonly [string, string]> {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.map(({ name }) => [name.getText(), 'const']);
  }
  if (ts.isFunctionDeclaration(statement)) return [[statement.name?.text ?? 'default', 'function']];
  if (ts.isClassDeclaration(statement)) return [[statement.name?.text ?? 'default', 'class']];
  if (ts.isInterfaceDeclaration(statement)) return [[statement.name.text, 'interface']];
  if (ts.isTypeAliasDeclaration(statement)) return [[statement.name.text, 'type']];
  return [];
}

function isExported(statement: ts.Statement): boolean {
  if (!ts.canHaveModifiers(statement)) return false;
  const modifiers = ts.getModifiers(statement) ?? [];
  return modifiers.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
}

/** A name may be declared twice: overloads, or a type and a value. */
function join(before: string | undefined, kind: string): string {
  return before === undefined || before === kind ? kind : `${before}+${kind}`;
}

function readFromDisk(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}
