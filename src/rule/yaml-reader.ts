import { isAlias, isMap, isScalar, isSeq, type LineCounter, type ParsedNode, Scalar } from 'yaml';
import type { PlacedText, ReportFault, RulePlace } from './rule-fault.js';
import type { ValueModel } from './rule-model.js';

/** A mapping of a rule file: its fields by name, each read and reported by its own position. */
export interface YamlFields {
  readonly place: RulePlace;
  find(name: string): ParsedNode | undefined;
}

/** Reads nodes of a YAML document and says of each what was expected, and where, when it is something else. */
export class YamlReader {
  readonly #text: string;
  readonly #lines: LineCounter;
  readonly #report: ReportFault;

  constructor(text: string, lines: LineCounter, report: ReportFault) {
    this.#text = text;
    this.#lines = lines;
    this.#report = report;
  }

  /** A mapping with these fields and no others; `undefined` when it is none. */
  fields(node: ParsedNode | null | undefined, what: string, known: readonly string[]): YamlFields | undefined {
    const place = this.place(node);
    if (!isMap(node)) {
      this.#report(place, what, describe(node));
      return undefined;
    }
    const found = new Map<string, ParsedNode>();
    for (const { key, value } of node.items) {
      const name = isScalar(key) ? String(key.value) : '';
      if (!known.includes(name)) this.#report(this.place(key), `one of ${known.join(', ')}`, JSON.stringify(name));
      else if (value !== null) found.set(name, value);
    }
    return { place, find: (name) => found.get(name) };
  }

  /** A text that must be there. */
  required(fields: YamlFields, name: string, what: string): PlacedText | undefined {
    const node = fields.find(name);
    if (node === undefined) {
      this.#report(fields.place, `a field "${name}": ${what}`, 'none');
      return undefined;
    }
    return this.text(node, what);
  }

  /** A text that may be left out. */
  optional(fields: YamlFields, name: string, what: string): PlacedText | undefined {
    const node = fields.find(name);
    return node === undefined ? undefined : this.text(node, what);
  }

  /** A text; numbers and words such as `true` count as what they look like, because an expression may be one. */
  text(node: ParsedNode, what: string): PlacedText | undefined {
    const text = isScalar(node) ? scalarText(node) : '';
    if (text.trim() !== '') {
      return { text, place: (offset) => this.#placeIn(node, text, offset) };
    }
    this.#report(this.place(node), what, describe(node));
    return undefined;
  }

  /** One text or a list of them. */
  texts(node: ParsedNode, what: string): PlacedText[] {
    const nodes = isSeq(node) ? node.items : [node];
    if (nodes.length === 0) this.#report(this.place(node), what, 'an empty list');
    return nodes.map((item) => this.text(item, what)).filter((text) => text !== undefined);
  }

  /** A whole number of at least 1 that may be left out. */
  count(fields: YamlFields, name: string, what: string): number | undefined {
    const node = fields.find(name);
    if (node === undefined) return undefined;
    if (isScalar(node) && Number.isSafeInteger(node.value) && Number(node.value) >= 1) return Number(node.value);
    this.#report(this.place(node), what, describe(node));
    return undefined;
  }

  /** One of a few words that may be left out. */
  choice<T extends string>(fields: YamlFields, name: string, words: readonly [T, ...T[]]): T {
    const node = fields.find(name);
    if (node === undefined) return words[0];
    const found = words.find((word) => isScalar(node) && node.value === word);
    if (found === undefined) this.#report(this.place(node), `one of ${words.join(', ')}`, describe(node));
    return found ?? words[0];
  }

  /** A value to be made: maps and lists of expressions and literals. */
  value(node: ParsedNode, depth = 0): ValueModel | undefined {
    if (depth > depthMax) {
      this.#report(this.place(node), `nesting of at most ${depthMax}`, 'more');
      return undefined;
    }
    if (isMap(node)) return this.#mapValue(node.items, depth);
    if (isSeq(node)) {
      const items = node.items.map((item) => this.value(item, depth + 1)).filter((item) => item !== undefined);
      return { kind: 'list', items };
    }
    if (isScalar(node)) {
      const { value } = node;
      if (value === null || typeof value === 'number' || typeof value === 'boolean') return { kind: 'literal', value };
    }
    const text = this.text(node, 'an expression, a number, true or false, a map or a list');
    return text === undefined ? undefined : { kind: 'expression', text };
  }

  /** Where a node begins; the file's begin for none. */
  place(node: ParsedNode | null | undefined): RulePlace {
    return this.placeAt(node?.range[0] ?? 0);
  }

  /** The line and column of an offset in the file. */
  placeAt(offset: number): RulePlace {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }

  #mapValue(items: readonly { key: unknown; value: ParsedNode | null }[], depth: number): ValueModel {
    const fields: (readonly [string, ValueModel])[] = [];
    for (const { key, value } of items) {
      const made = value === null ? undefined : this.value(value, depth + 1);
      if (made !== undefined && isScalar(key)) fields.push([String(key.value), made]);
    }
    return { kind: 'map', fields };
  }

  /** Exact where the text stands in the file as it is: plain, quoted without escapes, or a literal block. */
  #placeIn(node: ParsedNode, text: string, offset: number): RulePlace {
    const [begin] = node.range;
    const quoted = isScalar(node) && (node.type === Scalar.QUOTE_DOUBLE || node.type === Scalar.QUOTE_SINGLE);
    const start = quoted ? begin + 1 : begin;
    if (this.#text.startsWith(text, start)) return this.placeAt(start + Math.min(offset, text.length));
    const isBlock = isScalar(node) && node.type === Scalar.BLOCK_LITERAL;
    return isBlock ? this.#placeInBlock(begin, text, offset) : this.placeAt(begin);
  }

  #placeInBlock(begin: number, text: string, offset: number): RulePlace {
    const before = text.slice(0, offset).split('\n');
    const line = this.placeAt(begin).line + before.length;
    const indent = /^ */.exec(this.#text.slice(this.#text.indexOf('\n', begin) + 1))?.[0].length ?? 0;
    return { line, column: indent + (before.at(-1)?.length ?? 0) + 1 };
  }
}

/** Nobody writes a select deeper than this by hand. */
const depthMax = 16;

function scalarText({ value, source }: Scalar.Parsed): string {
  if (value === null) return '';
  return typeof value === 'string' ? value : source;
}

function describe(node: ParsedNode | null | undefined): string {
  if (node === null || node === undefined) return 'nothing';
  if (isMap(node)) return 'a map';
  if (isSeq(node)) return 'a list';
  if (isAlias(node)) return 'an alias; rules take none';
  const { value, source } = node;
  if (value === null || value === '') return 'nothing';
  return typeof value === 'string' ? JSON.stringify(value) : `${typeof value} ${source}`;
}
