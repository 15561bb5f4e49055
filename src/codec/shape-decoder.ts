import { generate } from './generate.js';
import { layoutOf, type ObjectShape, type ShapeLayout, type ShapeNode, tailText } from './shape.js';
import { anyTag } from './shape-encoder.js';

/** Reads one value of a shape from `start` to `end`; `undefined` when the bytes are malformed. */
export type ShapeReader = (bytes: Uint8Array, start: number, end: number, tail: TailReader) => unknown;

/**
 * Reads values of one shape: step by step at first and wherever code must not be generated, by generated code once the shape has
 * come often enough to pay for it. Both read the same bytes the same way.
 */
export class ShapeDecoder {
  readonly #shape: ObjectShape;
  readonly #layout: ShapeLayout;
  #generateAfter: number;
  #read: ShapeReader | undefined;

  /** `isGenerating`: code may be made at run time. */
  constructor(shape: ObjectShape, isGenerating: boolean) {
    this.#shape = shape;
    this.#layout = layoutOf(shape);
    this.#generateAfter = isGenerating ? sightingsNeeded : Number.POSITIVE_INFINITY;
  }

  read(bytes: Uint8Array, start: number, end: number, tail: TailReader): unknown {
    tail.look(bytes);
    if (this.#read !== undefined) return this.#read(bytes, start, end, tail);
    this.#generateAfter -= 1;
    if (this.#generateAfter <= 0) this.#read = this.#generate();
    return readByStep(this.#shape, this.#layout, { bytes, start, end, tail });
  }

  #generate(): ShapeReader | undefined {
    try {
      return generateReader(this.#shape);
    } catch {
      // Forbidden after all, by a policy that came later: step by step is right too, only slower.
      this.#generateAfter = Number.POSITIVE_INFINITY;
      return undefined;
    }
  }
}

/** Reads the tail of a value. It never runs past the end; `isDone` says whether all was there and nothing is left. */
export class TailReader {
  readonly #unpack: (bytes: Uint8Array, start: number, end: number) => unknown;
  #viewed: Uint8Array | undefined;
  #view: DataView = new DataView(new ArrayBuffer(0));
  #bytes: Uint8Array = noBytes;
  #at = 0;
  #end = 0;
  #ok = true;

  /** `unpack` reads self-contained bytes, and throws `invalid-value`. */
  constructor(unpack: (bytes: Uint8Array, start: number, end: number) => unknown) {
    this.#unpack = unpack;
  }

  /** What columns and tail are read by. */
  get view(): DataView {
    return this.#view;
  }

  /** The next value lies in these bytes. A view costs more than reading a value by it, and many values lie in one piece. */
  look(bytes: Uint8Array): void {
    if (bytes === this.#viewed) return;
    this.#viewed = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  begin(bytes: Uint8Array, start: number, end: number): void {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    this.#ok = true;
  }

  get isDone(): boolean {
    return this.#ok && this.#at === this.#end;
  }

  text(): string {
    const start = this.#block();
    return start < 0 ? '' : utf8Slice.call(this.#bytes, start, this.#at);
  }

  any(): unknown {
    if (this.#at >= this.#end) return this.#fail();
    const tag = this.#bytes[this.#at++];
    if (tag === anyTag.null) return null;
    if (tag === anyTag.undefined) return undefined;
    if (tag === anyTag.false || tag === anyTag.true) return tag === anyTag.true;
    if (tag === anyTag.float) return this.#float();
    if (tag === anyTag.text) return this.text();
    return tag === anyTag.value ? this.#value() : this.#fail();
  }

  #float(): unknown {
    if (this.#end - this.#at < 8) return this.#fail();
    this.#at += 8;
    return this.#view.getFloat64(this.#at - 8);
  }

  #value(): unknown {
    const bytes = this.#bytes;
    const start = this.#block();
    const end = this.#at;
    return start < 0 ? undefined : this.#unpack(bytes, start, end);
  }

  /** Reads a length and passes over what it says; returns where that begins, or -1. */
  #block(): number {
    let length = 0;
    for (let shift = 0; shift < 28 && this.#at < this.#end; shift += 7) {
      const byte = this.#bytes[this.#at++] ?? 0;
      length |= (byte & 0x7f) << shift;
      if (byte >= 0x80) continue;
      if (length > this.#end - this.#at) break;
      this.#at += length;
      return this.#at - length;
    }
    this.#fail();
    return -1;
  }

  #fail(): undefined {
    this.#ok = false;
    this.#at = this.#end;
    return undefined;
  }
}

/** Makes the reader of a shape that was checked. Throws where code cannot be generated. */
export function generateReader(shape: ObjectShape): ShapeReader {
  const { leaves, fixedBytes } = layoutOf(shape);
  const texts = leaves.filter(({ kind }) => kind === 'text');
  const lines = [`if (e - s < ${fixedBytes}) return undefined;`];
  texts.forEach(({ offset }, index) => {
    const before = index === 0 ? '0' : `q${index - 1}`;
    lines.push(
      `const n${index} = b[s + ${offset}], q${index} = n${index} === ${tailText} ? ${before} : ${before} + n${index};`,
    );
  });
  const run = texts.length === 0 ? '0' : `q${texts.length - 1}`;
  lines.push(`const from = s + ${fixedBytes}, to = from + ${run};`, 'if (to > e) return undefined;');
  if (texts.length > 0) lines.push('const run = latin1Slice.call(b, from, to);');
  lines.push(
    'tail.begin(b, to, e);',
    `const v = ${literalOf(shape, { offsets: leaves.map(({ offset }) => offset) })};`,
  );
  lines.push('return tail.isDone ? v : undefined;');
  const text = `return function read(b, s, e, tail) {\nconst d = tail.view;\n${lines.join('\n')}\n};`;
  return generate<ShapeReader>(text, { latin1Slice });
}

/** Values of a shape that come before a reader is generated for it: making one costs as much as reading a hundred step by step. */
const sightingsNeeded = 8;

const noBytes = new Uint8Array(0);
const { latin1Slice, utf8Slice } = Buffer.prototype;

interface Cursor {
  readonly offsets: readonly number[];
  leaf?: number;
  text?: number;
}

/** An object literal; its parts are evaluated in the order of the leaves, as the tail needs. `__proto__` was refused before. */
function literalOf(node: ShapeNode, cursor: Cursor): string {
  if (typeof node === 'object') {
    const parts = node.keys.map(
      (key, index) => `${JSON.stringify(key)}: ${literalOf(node.nodes[index] ?? 'any', cursor)}`,
    );
    return `{${parts.join(', ')}}`;
  }
  const leaf = cursor.leaf ?? 0;
  const offset = cursor.offsets[leaf];
  cursor.leaf = leaf + 1;
  if (node === 'int') return `d.getInt32(s + ${offset})`;
  if (node === 'float') return `d.getFloat64(s + ${offset})`;
  if (node === 'flag') return `b[s + ${offset}] === 1`;
  if (node === 'any') return 'tail.any()';
  const text = cursor.text ?? 0;
  cursor.text = text + 1;
  return `n${text} === ${tailText} ? tail.text() : run.slice(${text === 0 ? 0 : `q${text - 1}`}, q${text})`;
}

interface Place {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly tail: TailReader;
}

function readByStep(shape: ObjectShape, layout: ShapeLayout, place: Place): unknown {
  const { bytes, start, end, tail } = place;
  const { view } = tail;
  const { leaves, fixedBytes } = layout;
  if (end - start < fixedBytes) return undefined;
  let at = start + fixedBytes;
  let runEnd = at;
  for (const { kind, offset } of leaves) {
    const length = kind === 'text' ? (bytes[start + offset] ?? 0) : 0;
    if (length !== tailText) runEnd += length;
  }
  if (runEnd > end) return undefined;
  tail.begin(bytes, runEnd, end);
  let next = 0;
  const readText = (offset: number): string => {
    const length = bytes[start + offset] ?? 0;
    if (length === tailText) return tail.text();
    at += length;
    return latin1Slice.call(bytes, at - length, at);
  };
  const readNode = (node: ShapeNode): unknown => {
    if (typeof node === 'object') {
      const object: Record<string, unknown> = {};
      for (const [index, key] of node.keys.entries()) object[key] = readNode(node.nodes[index] ?? 'any');
      return object;
    }
    const offset = leaves[next]?.offset ?? 0;
    next += 1;
    if (node === 'int') return view.getInt32(start + offset);
    if (node === 'float') return view.getFloat64(start + offset);
    if (node === 'flag') return bytes[start + offset] === 1;
    return node === 'text' ? readText(offset) : tail.any();
  };
  const value = readNode(shape);
  return tail.isDone ? value : undefined;
}
