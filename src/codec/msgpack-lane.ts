import { Packr } from 'msgpackr';
import { ByteReader, ByteWriter } from '../core/bytes.js';
import { isWellFormed } from '../core/text.js';
import type { LaneDecoder, LaneEncoder } from '../spi/codec.js';
import { assertEncodable, malformed } from './data-codec.js';
import {
  common,
  compiledByte,
  type MsgpackForms,
  pack,
  packInto,
  plainByte,
  sharedByte,
  unpack,
} from './msgpack-forms.js';
import { MsgpackScanner, type ScanMode, sharedRecordsMax } from './msgpack-scan.js';
import { notRead, RecordReader } from './record-reader.js';
import { RecordWriter } from './record-writer.js';
import { isRaw, looksRaw, RawReader, writeRaw } from './raw-values.js';
import { readShape, shapeMark, shapesMax } from './shape.js';
import { ShapeBook } from './shape-book.js';
import { ShapeDecoder, TailReader } from './shape-decoder.js';

/**
 * Encodes for lanes: by shapes that were compiled where the receivers read them, else with records that are numbered once for all
 * lanes. msgpackr learns the records, and writes every value that has more than known records, texts, numbers and lists in it; the
 * others are written here. Both kinds of definitions share one count.
 */
export class SharedEncoder implements LaneEncoder {
  readonly #definitions: Uint8Array[] = [];
  readonly #sightings = new Map<string, number>();
  readonly #packr: Packr;
  readonly #shapes: ShapeBook | undefined;
  readonly #records = new RecordWriter();
  #block: ByteWriter | undefined;
  /** True while a value is written, whose getters may do anything. */
  #isWriting = false;
  #recordsLearnt = 0;
  needed = 0;

  constructor(codec: MsgpackForms, hasShapes: boolean) {
    this.#shapes = hasShapes
      ? new ShapeBook({
          define: (bytes) => this.#definitions.push(bytes),
          check: assertEncodable,
          pack: (value) => codec.pack(value),
        })
      : undefined;
    const structures: string[][] = [];
    this.#packr = new Packr({
      ...common,
      structures,
      maxSharedStructures: sharedRecordsMax,
      maxOwnStructures: sharedRecordsMax,
      mapsAsObjects: false,
      // Declared so that new records are kept; there is nothing to save them to.
      saveStructures: (saved) => this.#learn(saved),
      // Only shapes that come again deserve a number: objects used as maps would eat them all.
      shouldShareStructure: (keys) => this.#isRepeated(keys),
    });
  }

  get definitionCount(): number {
    return this.#definitions.length;
  }

  definition(index: number): Uint8Array {
    const bytes = this.#definitions[index];
    if (bytes === undefined) throw new RangeError(`no definition ${index}`);
    return bytes;
  }

  encode(value: unknown): Uint8Array {
    // Short values share blocks: an array of its own for each costs ten times a place in a block.
    const block = this.#block ?? new ByteWriter(blockBytes);
    // Nobody else's while a value is written: a getter of it may encode another.
    this.#block = undefined;
    const start = block.length;
    const bytes = this.#write(value, block) ? block.buffer.subarray(start, block.length) : this.#pack(value);
    if (block.length <= blockBytes / 2) this.#block = block;
    return bytes;
  }

  encodeInto(value: unknown, writer: ByteWriter): void {
    if (this.#write(value, writer)) return;
    if (isRaw(value)) {
      writeRaw(value, writer);
      this.needed = 0;
    } else {
      assertEncodable(value);
      packInto(this.#packr, value, sharedByte, writer);
      this.needed = this.#definitions.length;
    }
  }

  /**
   * By a shape or by known records; false when the value has neither, and nothing is written. So it is for what a getter of a value
   * encodes while that is written: shapes and records have one place each to write at.
   */
  #write(value: unknown, writer: ByteWriter): boolean {
    if (this.#isWriting) return false;
    this.#isWriting = true;
    try {
      if (this.#shapes?.write(value, writer) === true) {
        this.needed = this.#shapes.needed;
        return true;
      }
      if (!this.#records.write(value, writer)) return false;
      this.needed = this.#definitions.length;
      return true;
    } finally {
      this.#isWriting = false;
    }
  }

  #pack(value: unknown): Uint8Array {
    assertEncodable(value);
    const bytes = pack(this.#packr, value, sharedByte);
    this.needed = this.#definitions.length;
    return bytes;
  }

  #learn(structures: readonly unknown[]): boolean {
    for (; this.#recordsLearnt < structures.length; this.#recordsLearnt += 1) {
      const known = structures[this.#recordsLearnt];
      const keys = Array.isArray(known) ? known.map(String) : [];
      this.#definitions.push(writeKeys(keys));
      this.#records.learn(keys);
    }
    return true;
  }

  #isRepeated(keys: readonly string[]): boolean {
    if (keys.length > recordKeysMax) return false;
    const name = keys.join('\u0000');
    if (name.length > recordTextMax || !isWellFormed(name)) return false;
    const count = (this.#sightings.get(name) ?? 0) + 1;
    if (this.#sightings.size >= sightingsMax) this.#sightings.clear();
    this.#sightings.set(name, count);
    return count >= sightingsNeeded;
  }
}

/** For processes without generated code: values as outside lanes. */
export class SelfContainedEncoder implements LaneEncoder {
  readonly definitionCount = 0;
  readonly needed = 0;
  readonly #codec: MsgpackForms;

  constructor(codec: MsgpackForms) {
    this.#codec = codec;
  }

  definition(index: number): Uint8Array {
    throw new RangeError(`no definition ${index}`);
  }

  encode(value: unknown): Uint8Array {
    return this.#codec.encode(value);
  }
}

/** Decodes what one life of a peer encoded for lanes. */
export class SharedDecoder implements LaneDecoder {
  readonly #codec: MsgpackForms;
  readonly #isGenerating: boolean;
  readonly #scanner = new MsgpackScanner();
  readonly #structures: SharedStructures = [];
  readonly #sizes: number[] = [];
  readonly #shapes: ShapeDecoder[] = [];
  readonly #mode: ScanMode = { records: true, shared: this.#sizes };
  readonly #tail: TailReader;
  readonly #raw = new RawReader();
  readonly #records: RecordReader;
  readonly #packr = new Packr({
    ...common,
    structures: this.#structures,
    maxSharedStructures: sharedRecordsMax,
    maxOwnStructures: sharedRecordsMax,
    mapsAsObjects: false,
  });

  constructor(codec: MsgpackForms, isGenerating: boolean) {
    this.#codec = codec;
    this.#isGenerating = isGenerating;
    this.#records = new RecordReader(isGenerating);
    this.#tail = new TailReader((bytes, start, end) => codec.decodeRange(bytes, start, end));
  }

  get definitionCount(): number {
    return this.#sizes.length + this.#shapes.length;
  }

  define(bytes: Uint8Array): boolean {
    const reader = new ByteReader(bytes);
    const first = reader.varint();
    return first === shapeMark ? this.#defineShape(reader) : this.#defineRecord(first, reader);
  }

  decode(bytes: Uint8Array, start: number, end: number): unknown {
    const form = start < end ? bytes[start] : undefined;
    if (form === compiledByte) return this.#decodeShape(bytes, start, end);
    if (form !== sharedByte) return this.#decodeAlone(bytes, start, end, form);
    const value = this.#records.read(bytes, start + 1, end);
    if (value !== notRead) return value;
    const fault = this.#scanner.scan(bytes, start + 1, end, this.#mode);
    if (fault !== undefined) throw malformed(this.#codec.name, fault);
    return unpack(this.#packr, { bytes, start: start + 1, end });
  }

  #decodeAlone(bytes: Uint8Array, start: number, end: number, form: number | undefined): unknown {
    const raw = form === plainByte && looksRaw(bytes, start, end) ? this.#raw.read(bytes, start, end) : undefined;
    return raw ?? this.#codec.decodeRange(bytes, start, end);
  }

  #decodeShape(bytes: Uint8Array, start: number, end: number): unknown {
    const shape = end - start < 2 ? undefined : this.#shapes[bytes[start + 1] ?? 0];
    if (shape === undefined) throw malformed(this.#codec.name, 'no such shape was defined');
    const value = shape.read(bytes, start, end, this.#tail);
    if (value === undefined) throw malformed(this.#codec.name, 'the value does not fit its shape');
    return value;
  }

  #defineShape(reader: ByteReader): boolean {
    const shape = this.#shapes.length < shapesMax ? readShape(reader) : undefined;
    if (shape === undefined) return false;
    this.#shapes.push(new ShapeDecoder(shape, this.#isGenerating));
    return true;
  }

  #defineRecord(count: number, reader: ByteReader): boolean {
    const keys = this.#sizes.length < sharedRecordsMax ? readKeys(count, reader) : undefined;
    if (keys === undefined) return false;
    const structure: SharedStructure = keys;
    structure.isShared = true;
    this.#structures[this.#sizes.length] = structure;
    this.#sizes.push(keys.length);
    this.#structures.sharedLength = this.#sizes.length;
    this.#records.define(keys);
    return true;
  }
}

/** A list of keys as msgpackr keeps it. */
type SharedStructure = string[] & { isShared?: boolean };

type SharedStructures = SharedStructure[] & { sharedLength?: number };

/** Memory that short values share; one of them keeps all of it alive. */
const blockBytes = 8192;

/** Times that a shape must come before it gets a number. */
const sightingsNeeded = 2;
/** Shapes whose sightings are remembered. */
const sightingsMax = 1024;
/** Largest record: more keys, or longer ones, travel with the value. */
const recordKeysMax = 128;
const recordTextMax = 4096;

function writeKeys(keys: readonly string[]): Uint8Array {
  const writer = new ByteWriter(64);
  writer.varint(keys.length);
  for (const key of keys) writer.text(key);
  return writer.take();
}

function readKeys(count: number, reader: ByteReader): string[] | undefined {
  if (count > recordKeysMax) return undefined;
  const keys: string[] = [];
  for (let index = 0; index < count && reader.ok; index += 1) keys.push(reader.text(recordTextMax * 3));
  const valid = reader.ok && reader.remaining === 0 && !keys.includes('__proto__');
  return valid && new Set(keys).size === keys.length ? keys : undefined;
}
