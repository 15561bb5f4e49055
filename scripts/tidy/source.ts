/** Reads one TypeScript file into what the tidy rules ask about. Parsing only: no types, no other files. */
import { posix } from 'node:path';
import ts from 'typescript';

/** One module that a file names, in whatever form. */
export interface ModuleUse {
  /** As written; `undefined` where it is computed, which no rule can judge. */
  readonly name: string | undefined;
  readonly line: number;
  /** Erased by the compiler: `import type` and `export type`. */
  readonly typeOnly: boolean;
  /** Loaded while running: `import()` or `require()`. */
  readonly dynamic: boolean;
}

/** A parsed file. */
export interface Source {
  /** From the top of the checkout, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly ast: ts.SourceFile;
  readonly uses: readonly ModuleUse[];
}

/** Parses a file; `path` is from the top of the checkout. */
export function parseSource(path: string, text: string): Source {
  const ast = ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true, ts.ScriptKind.TS);
  const uses: ModuleUse[] = [];
  visit(ast, (node) => {
    const use = moduleUseOf(node);
    if (use !== undefined) uses.push({ ...use, line: lineOf(ast, node) });
  });
  return { path, text, ast, uses };
}

/** The files of the checkout that a file imports, in whatever form, as paths from its top. */
export function importedPaths(source: Source): readonly string[] {
  return source.uses
    .map((use) => use.name)
    .filter((name) => name?.startsWith('.') === true)
    .map((name) => importedPath(source.path, name ?? ''));
}

/** Resolves a relative import; the result may lie outside `src`. */
export function importedPath(from: string, name: string): string {
  return posix.normalize(posix.join(posix.dirname(from), name)).replace(/\.js$/, '.ts');
}

/** Lines that hold code: neither blank nor only comment. */
export function codeLineCount(source: Source): number {
  const lines = new Set<number>();
  visit(source.ast, (node) => {
    if (node.getChildCount(source.ast) > 0 || node.kind === ts.SyntaxKind.EndOfFileToken) return;
    const first = source.ast.getLineAndCharacterOfPosition(node.getStart(source.ast)).line;
    const last = source.ast.getLineAndCharacterOfPosition(node.end).line;
    for (let line = first; line <= last; line += 1) lines.add(line);
  });
  return lines.size;
}

/** Calls back for every node and token below `node`, `node` included, but not for doc comments. */
export function visit(node: ts.Node, see: (node: ts.Node) => void): void {
  see(node);
  for (const child of node.getChildren()) if (!ts.isJSDoc(child)) visit(child, see);
}

/** The line of a node, counted from 1. */
export function lineOf(ast: ts.SourceFile, node: ts.Node): number {
  return ast.getLineAndCharacterOfPosition(node.getStart(ast)).line + 1;
}

function moduleUseOf(node: ts.Node): Omit<ModuleUse, 'line'> | undefined {
  if (ts.isImportDeclaration(node)) {
    const typeOnly = node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
    return { name: textOf(node.moduleSpecifier), typeOnly, dynamic: false };
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
    return { name: textOf(node.moduleSpecifier), typeOnly: node.isTypeOnly, dynamic: false };
  }
  if (ts.isImportTypeNode(node)) {
    const name = ts.isLiteralTypeNode(node.argument) ? textOf(node.argument.literal) : undefined;
    return { name, typeOnly: true, dynamic: false };
  }
  if (ts.isCallExpression(node)) {
    const { expression } = node;
    const loads =
      expression.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(expression) && expression.text === 'require');
    if (loads) return { name: textOf(node.arguments[0]), typeOnly: false, dynamic: true };
  }
  return undefined;
}

function textOf(node: ts.Node | undefined): string | undefined {
  return node !== undefined && ts.isStringLiteralLike(node) ? node.text : undefined;
}
