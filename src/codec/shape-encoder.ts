import { ByteWriter } from '../core/bytes.js';
import { isData } from '../core/data.js';
import { generate } from './generate.js';
import { layoutOf, type LeafKind, type ObjectShape, runTextMax, tailText } from './shape.js';

/**
 * Generated writers of shapes. A value of a shape is
 *
 *     form u8 = 3, shape u8, columns, run, tail
 *
 * The columns hold one fixed part for each leaf in order: `int` 4 bytes, `float` 8 bytes, big-endian; `flag` one byte, 0 or 1; `text`
 * its length in the run, or 255 when it is in the tail; `any` nothing. The run holds the short Latin-1 texts, one byte a unit, read
 * back as one text and cut. The tail holds the other texts and the `any` leaves in order: a text as varint length and UTF-8, an `any`
 * as in `anyTag`.
 *
 * The code checks every key, their order and number, and every leaf's type, and gives up where a value differs: the caller has other
 * ways to encode it. Keys get into the code as JSON texts only, and only from this node's own values.
 */
export type ShapeWriter = (value: unknown, bytes: Uint8Array, at: number, tail: TailWriter) => number;

/** Makes the writer of a shape; it returns where it ended, or -1. Throws where code cannot be generated. */
export function generateWriter(shape: ObjectShape, number: number): ShapeWriter {
  const { leaves, fixedBytes } = layoutOf(shape);
  const source = new WriterSource(leaves.map(({ offset }) => offset));
  source.add(`let p = at + ${fixedBytes}, i = 0, n = 0, c = 0, or = 0;`);
  source.add(`b[at] = 3; b[at + 1] = ${number};`);
  source.object('v', shape, 1);
  const keys = source.keyLists.map((_, index) => `const K${index} = keys[${index}];`).join('\n');
  const text = `${keys}\nreturn function write(v, b, at, tail) {\nconst d = tail.view;\n${source.text}\nreturn p;\n};`;
  return generate<ShapeWriter>(text, {
    keys: source.keyLists,
    prototypeOf: Object.getPrototypeOf,
    plain: Object.prototype,
  });
}

/** The most bytes that a writer of the shape stores itself; the tail is beside it. */
export function roomOf(shape: ObjectShape): number {
  const { leaves, fixedBytes } = layoutOf(shape);
  return fixedBytes + leaves.filter(({ kind }) => kind === 'text').length * runTextMax;
}

/** What a byte before an `any` leaf says of it. */
export const anyTag = {
  null: 0,
  undefined: 1,
  false: 2,
  true: 3,
  /** Eight bytes, big-endian. */
  float: 4,
  /** Varint length, UTF-8. */
  text: 5,
  /** Varint length, a self-contained value with its form byte. */
  value: 6,
} as const;

/** Takes what does not fit into columns and run. Texts and values of any length are written here, so it grows as it must. */
export class TailWriter {
  readonly #bytes = new ByteWriter(256);
  readonly #number = new DataView(new ArrayBuffer(8));
  readonly #numberBytes = new Uint8Array(this.#number.buffer);
  readonly #pack: (value: unknown) => Uint8Array;
  #viewed: Uint8Array | undefined;
  #view: DataView = this.#number;

  /** `pack` makes self-contained bytes of what is known to be data. */
  constructor(pack: (value: unknown) => Uint8Array) {
    this.#pack = pack;
  }

  get length(): number {
    return this.#bytes.length;
  }

  /** What the columns are stored by. */
  get view(): DataView {
    return this.#view;
  }

  /** Begins the tail of a value whose columns lie in `bytes`. */
  begin(bytes: Uint8Array): void {
    this.#bytes.reset();
    if (bytes === this.#viewed) return;
    this.#viewed = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Lends what was written. */
  written(): Uint8Array {
    return this.#bytes.view();
  }

  text(value: string): void {
    this.#bytes.text(value);
  }

  /** `depth` objects are around it. False: it is not data, or nested too deeply. */
  any(value: unknown, depth: number): boolean {
    if (value === null || value === undefined) this.#bytes.u8(value === null ? anyTag.null : anyTag.undefined);
    else if (typeof value === 'boolean') this.#bytes.u8(value ? anyTag.true : anyTag.false);
    else if (typeof value === 'number') this.#float(value);
    else if (typeof value === 'string') this.#text(value);
    else return this.#value(value, depth);
    return true;
  }

  #float(value: number): void {
    this.#bytes.u8(anyTag.float);
    this.#number.setFloat64(0, value);
    this.#bytes.bytes(this.#numberBytes);
  }

  #text(value: string): void {
    this.#bytes.u8(anyTag.text);
    this.#bytes.text(value);
  }

  #value(value: unknown, depth: number): boolean {
    if (!isData(value, depth)) return false;
    this.#bytes.u8(anyTag.value);
    this.#bytes.block(this.#pack(value));
    return true;
  }
}

/** Collects the statements of one writer. */
class WriterSource {
  readonly keyLists: (readonly string[])[] = [];
  readonly #offsets: readonly number[];
  readonly #prototypeOf = hasProtoProperty() ? protoProperty : prototypeCall;
  readonly #lines: string[] = [];
  #leaves = 0;
  #names = 0;

  constructor(offsets: readonly number[]) {
    this.#offsets = offsets;
  }

  get text(): string {
    return this.#lines.join('\n');
  }

  add(line: string): void {
    this.#lines.push(line);
  }

  object(name: string, shape: ObjectShape, depth: number): void {
    const keys = `K${this.keyLists.push(shape.keys) - 1}`;
    this.add(`if (typeof ${name} !== 'object' || ${name} === null || ${this.#prototypeOf(name)} !== plain) return -1;`);
    this.add(`i = 0; for (const k in ${name}) { if (k !== ${keys}[i]) return -1; i++; }`);
    this.add(`if (i !== ${shape.keys.length}) return -1;`);
    for (const [index, key] of shape.keys.entries()) {
      const node = shape.nodes[index] ?? 'any';
      this.#names += 1;
      const item = `v${this.#names}`;
      // Read once: a getter may give something else the next time.
      this.add(`const ${item} = ${name}[${JSON.stringify(key)}];`);
      if (typeof node === 'object') this.object(item, node, depth + 1);
      else this.#leaf(item, node, depth);
    }
  }

  #leaf(item: string, kind: LeafKind, depth: number): void {
    const at = `at + ${this.#offsets[this.#leaves]}`;
    this.#leaves += 1;
    this.add(leafSource[kind](item, at, depth));
  }
}

/** Compiled to a look at the object's hidden class; the call is one into the runtime, a sixth of what a device event costs. */
const protoProperty = (name: string): string => `${name}.__proto__`;
const prototypeCall = (name: string): string => `prototypeOf(${name})`;

/** Node can be started without the property (`--disable-proto`), or a program can take it away. */
function hasProtoProperty(): boolean {
  try {
    return generate<boolean>('return ({}).__proto__ === Object.prototype;');
  } catch {
    // Reading it throws: a refusal is the answer.
    return false;
  }
}

type LeafSource = (item: string, at: string, depth: number) => string;

const leafSource: Readonly<Record<LeafKind, LeafSource>> = {
  int: (item, at) =>
    `if (typeof ${item} !== 'number' || (${item} | 0) !== ${item} || (${item} === 0 && 1 / ${item} < 0)) return -1;
d.setInt32(${at}, ${item});`,
  float: (item, at) => `if (typeof ${item} !== 'number') return -1;\nd.setFloat64(${at}, ${item});`,
  flag: (item, at) => `if (typeof ${item} !== 'boolean') return -1;\nb[${at}] = ${item} ? 1 : 0;`,
  // A loop over short texts takes a third of a call out of the generated code.
  text: (item, at) => `if (typeof ${item} !== 'string') return -1;
n = ${item}.length; or = 256;
if (n <= ${runTextMax}) { or = 0; for (i = 0; i < n; i++) { c = ${item}.charCodeAt(i); or |= c; b[p + i] = c; } }
if (or < 256) { b[${at}] = n; p += n; } else { b[${at}] = ${tailText}; tail.text(${item}); }`,
  any: (item, _at, depth) => `if (!tail.any(${item}, ${depth})) return -1;`,
};
