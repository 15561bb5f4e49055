import { Packr, RESERVE_START_SPACE } from 'msgpackr';
import { hasMap } from '../core/data.js';
import { ByteReader, ByteWriter } from '../core/bytes.js';
import { ClusterError } from '../core/errors.js';
import type { LaneCodec, LaneDecoder, LaneEncoder } from '../spi/codec.js';
import { assertEncodable, malformed } from './data-codec.js';
import { inlineMode, MsgpackScanner, plainMode, sharedRecordsMax, type ScanMode } from './msgpack-scan.js';

/** How MessagePack is used. */
export interface MsgpackOptions {
  /**
   * False: msgpackr's generated readers and our compiled shapes are not used, on lanes neither. Every value is self-contained,
   * larger and slower; for processes that forbid code from strings. @defaultValue true
   */
  readonly codeGeneration?: boolean;
}

/** MessagePack as a codec; see `LaneCodec`. */
export function createMsgpackCodec(options: MsgpackOptions = {}): LaneCodec {
  return new MsgpackCodec(options.codeGeneration ?? true);
}

/**
 * MessagePack by msgpackr. A first byte says how the rest is to be read: objects as maps (the usual, when nothing is a `Map`),
 * objects as records defined in place (when something is), or records that the lane has defined. What cannot be data is refused
 * before it is encoded; what arrives is scanned before it is decoded.
 */
class MsgpackCodec implements LaneCodec {
  readonly name = 'application/msgpack';
  readonly #codeGeneration: boolean;
  readonly #plain = new Packr({ ...common, useRecords: false, mapsAsObjects: true });
  readonly #inline = new Packr({ ...common, useRecords: true, mapsAsObjects: false });
  readonly #scanner = new MsgpackScanner();

  constructor(codeGeneration: boolean) {
    this.#codeGeneration = codeGeneration;
  }

  encode(value: unknown): Uint8Array {
    assertEncodable(value);
    return hasMap(value) ? pack(this.#inline, value, inlineByte) : pack(this.#plain, value, plainByte);
  }

  decode(bytes: Uint8Array): unknown {
    return this.decodeRange(bytes, 0, bytes.length);
  }

  /** Decodes a self-contained value that lies inside other bytes. */
  decodeRange(bytes: Uint8Array, start: number, end: number): unknown {
    const form = start < end ? bytes[start] : undefined;
    if (form === plainByte) return this.#unpack(this.#plain, plainMode, { bytes, start: start + 1, end });
    if (form === inlineByte) return this.#unpack(this.#inline, inlineMode, { bytes, start: start + 1, end });
    throw malformed(this.name, `it begins with ${String(form)}`);
  }

  createEncoder(): LaneEncoder {
    return this.#codeGeneration ? new SharedEncoder() : new SelfContainedEncoder(this);
  }

  createDecoder(): LaneDecoder {
    return new SharedDecoder(this);
  }

  #unpack(packr: Packr, mode: ScanMode, range: Range): unknown {
    const fault = this.#scanner.scan(range.bytes, range.start, range.end, mode);
    if (fault !== undefined) throw malformed(this.name, fault);
    return unpack(packr, range);
  }
}

/** Encodes for lanes with records that are numbered once for all of them. */
class SharedEncoder implements LaneEncoder {
  readonly #definitions: Uint8Array[] = [];
  readonly #sightings = new Map<string, number>();
  readonly #packr: Packr;

  constructor() {
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
    assertEncodable(value);
    return pack(this.#packr, value, sharedByte);
  }

  #learn(structures: readonly unknown[]): boolean {
    for (let index = this.#definitions.length; index < structures.length; index += 1) {
      const keys = structures[index];
      this.#definitions.push(writeKeys(Array.isArray(keys) ? keys.map(String) : []));
    }
    return true;
  }

  #isRepeated(keys: readonly string[]): boolean {
    if (keys.length > recordKeysMax) return false;
    const name = keys.join('\u0000');
    if (name.length > recordTextMax) return false;
    const count = (this.#sightings.get(name) ?? 0) + 1;
    if (this.#sightings.size >= sightingsMax) this.#sightings.clear();
    this.#sightings.set(name, count);
    return count >= sightingsNeeded;
  }
}

/** For processes without generated code: values as outside lanes. */
class SelfContainedEncoder implements LaneEncoder {
  readonly definitionCount = 0;
  readonly #codec: MsgpackCodec;

  constructor(codec: MsgpackCodec) {
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
class SharedDecoder implements LaneDecoder {
  readonly #codec: MsgpackCodec;
  readonly #scanner = new MsgpackScanner();
  readonly #structures: SharedStructures = [];
  readonly #sizes: number[] = [];
  readonly #mode: ScanMode = { records: true, shared: this.#sizes };
  readonly #packr = new Packr({
    ...common,
    structures: this.#structures,
    maxSharedStructures: sharedRecordsMax,
    maxOwnStructures: sharedRecordsMax,
    mapsAsObjects: false,
  });

  constructor(codec: MsgpackCodec) {
    this.#codec = codec;
  }

  get definitionCount(): number {
    return this.#sizes.length;
  }

  define(bytes: Uint8Array): boolean {
    const keys = this.#sizes.length < sharedRecordsMax ? readKeys(bytes) : undefined;
    if (keys === undefined) return false;
    const structure: SharedStructure = keys;
    structure.isShared = true;
    this.#structures[this.#sizes.length] = structure;
    this.#sizes.push(keys.length);
    this.#structures.sharedLength = this.#sizes.length;
    return true;
  }

  decode(bytes: Uint8Array, start: number, end: number): unknown {
    if (start >= end || bytes[start] !== sharedByte) return this.#codec.decodeRange(bytes, start, end);
    const fault = this.#scanner.scan(bytes, start + 1, end, this.#mode);
    if (fault !== undefined) throw malformed(this.#codec.name, fault);
    return unpack(this.#packr, { bytes, start: start + 1, end });
  }
}

/** A list of keys as msgpackr keeps it. */
type SharedStructure = string[] & { isShared?: boolean };

type SharedStructures = SharedStructure[] & { sharedLength?: number };

interface Range {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

const plainByte = 0;
const inlineByte = 1;
const sharedByte = 2;

/** Times that a shape must come before it gets a number. */
const sightingsNeeded = 2;
/** Shapes whose sightings are remembered. */
const sightingsMax = 1024;
/** Largest record: more keys, or longer ones, travel with the value. */
const recordKeysMax = 128;
const recordTextMax = 4096;

/** What all forms share: types kept as they are, bytes copied out of lent buffers, nothing but data. */
const common = {
  moreTypes: true,
  copyBuffers: true,
  useBigIntExtension: true,
  structuredClone: false,
  useToJSON: false,
};

function pack(packr: Packr, value: unknown, form: number): Uint8Array {
  try {
    const bytes: Uint8Array = packr.pack(value, RESERVE_START_SPACE + 1);
    bytes[0] = form;
    return bytes;
  } catch (error) {
    throw ClusterError.from(error, 'invalid-value');
  }
}

function unpack(packr: Packr, range: Range): unknown {
  try {
    return packr.unpack(range.bytes, range);
  } catch (error) {
    throw malformed('application/msgpack', 'it cannot be read', error);
  }
}

function writeKeys(keys: readonly string[]): Uint8Array {
  const writer = new ByteWriter(64);
  writer.varint(keys.length);
  for (const key of keys) writer.text(key);
  return writer.take();
}

function readKeys(bytes: Uint8Array): string[] | undefined {
  const reader = new ByteReader(bytes);
  const count = reader.varint();
  if (count > recordKeysMax) return undefined;
  const keys: string[] = [];
  for (let index = 0; index < count && reader.ok; index += 1) keys.push(reader.text(recordTextMax * 3));
  const valid = reader.ok && reader.remaining === 0 && !keys.includes('__proto__');
  return valid && new Set(keys).size === keys.length ? keys : undefined;
}
