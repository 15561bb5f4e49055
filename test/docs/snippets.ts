import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const rootFolder = fileURLToPath(new URL('../..', import.meta.url));

/** One fenced block of a document that a test runs. */
export interface Snippet {
  readonly document: string;
  readonly line: number;
  readonly code: string;
  /** Words after `run` in the fence's info string: `run=hello/1` gives `hello/1`. */
  readonly group: string | undefined;
}

/** Every document that a user reads, from the root. */
export function findDocuments(): string[] {
  const guides = readdirSync(join(rootFolder, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name));
  return ['README.md', 'bench/README.md', ...guides.toSorted()];
}

/** One fenced block with what stands behind its fence. */
export interface Block {
  /** `document:line`. */
  readonly place: string;
  /** `ts run=hello/1`. */
  readonly info: string;
  readonly text: string;
}

/** Every fenced block of a document given from the root. */
export function findAllBlocks(document: string): Block[] {
  const blocks: Block[] = [];
  let open: { readonly place: string; readonly info: string; readonly lines: string[] } | undefined;
  for (const [index, line] of readFileSync(join(rootFolder, document), 'utf8').split('\n').entries()) {
    const fence = /^ *```(.*)$/.exec(line);
    if (fence === null) open?.lines.push(line);
    else if (open === undefined) open = { place: `${document}:${index + 1}`, info: fence[1]?.trim() ?? '', lines: [] };
    else {
      blocks.push({ place: open.place, info: open.info, text: open.lines.join('\n') });
      open = undefined;
    }
  }
  return blocks;
}

/** Finds the blocks marked ` ```ts run ` or ` ```ts run=GROUP/N `: blocks of one group run together, each as a process of its own. */
export function findSnippets(document: string): Snippet[] {
  return findBlocks(document, /^```ts run(?:=(\S+))?\s*$/);
}

/** Finds the blocks marked ` ```text of=GROUP/N `: what that process prints, line by line, with `...` for what differs each time. */
export function findOutputs(document: string): Snippet[] {
  return findBlocks(document, /^```text of=(\S+)\s*$/);
}

function findBlocks(document: string, start: RegExp): Snippet[] {
  const lines = readFileSync(document, 'utf8').split('\n');
  const found: Snippet[] = [];
  let open: { readonly line: number; readonly group: string | undefined; readonly code: string[] } | undefined;
  for (const [index, line] of lines.entries()) {
    if (open === undefined) {
      const fence = start.exec(line);
      if (fence !== null) open = { line: index + 1, group: fence[1], code: [] };
    } else if (line === '```') {
      found.push({ document, line: open.line, group: open.group, code: open.code.join('\n') });
      open = undefined;
    } else {
      open.code.push(line);
    }
  }
  return found;
}
