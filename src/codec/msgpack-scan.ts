import { dataDepthMax } from '../core/data.js';

/**
 * Walks over MessagePack bytes without building anything, and says whether a decoder may be let loose on them: every length lies
 * inside, nesting is bounded, every type is one that values of ours have, and no key is `__proto__`. Records are msgpackr's: a byte
 * from 0x40 names a list of keys, which was defined on the lane before, or right here (0xd4 0x72 id, keys, first values).
 */
export class MsgpackScanner {
  readonly #open = new Int32Array(dataDepthMax + 2);
  #bytes: Uint8Array = noBytes;
  #at = 0;
  #end = 0;
  #depth = 0;
  #local: Map<number, number> | undefined;
  #mode: ScanMode = plainMode;

  /** Returns what is wrong, or `undefined`. */
  scan(bytes: Uint8Array, start: number, end: number, mode: ScanMode): string | undefined {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    this.#depth = 0;
    this.#local = undefined;
    this.#mode = mode;
    this.#open[0] = 1;
    const fault = this.#walk();
    this.#bytes = noBytes;
    return fault ?? (this.#at === end ? undefined : 'there are bytes after the value');
  }

  #walk(): string | undefined {
    while (this.#depth >= 0) {
      const left = this.#open[this.#depth] ?? 0;
      if (left === 0) {
        this.#depth -= 1;
        continue;
      }
      this.#open[this.#depth] = left - 1;
      if (this.#at >= this.#end) return truncated;
      const fault = this.#item(this.#bytes[this.#at++] ?? 0);
      if (fault !== undefined) return fault;
      if (this.#at > this.#end) return truncated;
    }
    return undefined;
  }

  #item(token: number): string | undefined {
    if (token < 0x40 || token >= 0xe0) return undefined;
    if (token < 0x80) return this.#mode.records ? this.#record(token & 0x3f) : undefined;
    if (token < 0x90) return this.#map(token - 0x80);
    if (token < 0xa0) return this.#enter(token - 0x90);
    if (token < 0xc0) return this.#skip(token - 0xa0);
    return this.#marked(token);
  }

  #marked(token: number): string | undefined {
    if (token >= 0xca && token <= 0xd3) return this.#skip(numberBytes[token - 0xca] ?? 0);
    if (token >= 0xd4 && token <= 0xd8) return this.#extension(1 << (token - 0xd4));
    if (token < 0xc4) return token === 0xc1 ? 'an unused token' : undefined;
    const length = this.#length(1 << lengthBytesLog(token));
    if (token >= 0xc7 && token <= 0xc9) return this.#extension(length);
    if (token === 0xdc || token === 0xdd) return this.#enter(length);
    if (token === 0xde || token === 0xdf) return this.#map(length);
    return this.#skip(length);
  }

  #length(bytes: number): number {
    let length = 0;
    for (let index = 0; index < bytes; index += 1) length = length * 256 + (this.#bytes[this.#at++] ?? 0);
    return length;
  }

  #skip(length: number): string | undefined {
    this.#at += length;
    return undefined;
  }

  /** Expects `count` more values one level deeper; each takes a byte at least. */
  #enter(count: number): string | undefined {
    if (count > this.#end - this.#at) return truncated;
    if (this.#depth >= dataDepthMax) return `it is nested deeper than ${dataDepthMax}`;
    this.#depth += 1;
    this.#open[this.#depth] = count;
    return undefined;
  }

  #map(count: number): string | undefined {
    // Keys of plain maps become properties; where records are on, a map becomes a Map and any key will do.
    if (this.#mode.records) return this.#enter(count * 2);
    return count === 0 ? undefined : this.#object(count);
  }

  /** Keys and values by turns: the keys are read here, the values by a nested walk of one each. */
  #object(count: number): string | undefined {
    if (this.#depth >= dataDepthMax) return `it is nested deeper than ${dataDepthMax}`;
    const outer = this.#depth;
    for (let index = 0; index < count; index += 1) {
      const fault = this.#key() ?? this.#one(outer);
      if (fault !== undefined) return fault;
    }
    this.#depth = outer;
    return undefined;
  }

  /** Walks exactly one value at a level below `outer`. */
  #one(outer: number): string | undefined {
    const floor = outer + 1;
    this.#depth = floor;
    this.#open[floor] = 1;
    while (this.#depth >= floor) {
      const left = this.#open[this.#depth] ?? 0;
      if (left === 0) {
        this.#depth -= 1;
        continue;
      }
      this.#open[this.#depth] = left - 1;
      if (this.#at >= this.#end) return truncated;
      const fault = this.#item(this.#bytes[this.#at++] ?? 0);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }

  #key(): string | undefined {
    const token = this.#bytes[this.#at++] ?? 0;
    let length: number;
    if (token >= 0xa0 && token < 0xc0) length = token - 0xa0;
    else if (token === 0xd9) length = this.#length(1);
    else if (token === 0xda) length = this.#length(2);
    else return 'a key is not a text';
    const start = this.#at;
    this.#at += length;
    if (this.#at > this.#end) return truncated;
    return length === protoKey.length && isProtoKey(this.#bytes, start) ? 'the key __proto__ is refused' : undefined;
  }

  #record(id: number): string | undefined {
    const fields = this.#local?.get(id) ?? this.#mode.shared?.[id];
    return fields === undefined ? `no record ${id} was defined` : this.#enter(fields);
  }

  #extension(length: number): string | undefined {
    const type = this.#bytes[this.#at++] ?? 0;
    if (type === 0x72 && length === 1) return this.#define();
    if (type === 0x73 && length === 1) {
      // A Set: a filler byte, then an array.
      this.#at += 1;
      return this.#enter(1);
    }
    return extensionFault(type, length) ?? this.#skip(length);
  }

  /** A record defined in place: an id, the keys, and the values of its first use. */
  #define(): string | undefined {
    const id = (this.#bytes[this.#at++] ?? 0) & 0x3f;
    if (!this.#mode.records) return 'a record where none may be';
    if (this.#mode.shared !== undefined && id < sharedRecordsMax) return `record ${id} belongs to the lane`;
    const token = this.#bytes[this.#at++] ?? 0;
    const count = token >= 0x90 && token < 0xa0 ? token - 0x90 : token === 0xdc ? this.#length(2) : -1;
    if (count < 0) return 'a record without keys';
    if (count > this.#end - this.#at) return truncated;
    for (let index = 0; index < count; index += 1) {
      const fault = this.#key();
      if (fault !== undefined) return fault;
    }
    this.#local ??= new Map();
    this.#local.set(id, count);
    return this.#enter(count);
  }
}

/** What the bytes may have in them. */
export interface ScanMode {
  /** Objects are records and maps are `Map`; else maps are objects. */
  readonly records: boolean;
  /** Number of fields of each record that the lane defined; `undefined` without a lane. */
  readonly shared: readonly number[] | undefined;
}

/** Objects as maps, nothing else. */
export const plainMode: ScanMode = { records: false, shared: undefined };

/** Records defined in place. */
export const inlineMode: ScanMode = { records: true, shared: undefined };

/** Records that a lane may define: those that one byte names, half for the lane and half for definitions in place. */
export const sharedRecordsMax = 32;

const truncated = 'it ends too early';
const bigintBytesMax = 1024;
const noBytes = new Uint8Array(0);
const protoKey = [0x5f, 0x5f, 0x70, 0x72, 0x6f, 0x74, 0x6f, 0x5f, 0x5f];

/** Bytes after the token: float32, float64, unsigned 8 to 64, signed 8 to 64. */
const numberBytes = [4, 8, 1, 2, 4, 8, 1, 2, 4, 8];

/** undefined (0), dates (0xff), typed arrays (0x74), bigints (0x42): nothing else is data. */
function extensionFault(type: number, length: number): string | undefined {
  if (type === 0xff || (type === 0 && length === 1)) return undefined;
  if (type === 0x74) return length === 0 ? truncated : undefined;
  if (type !== 0x42) return `extension ${type} is no data`;
  // Reading a long bigint takes time that grows faster than its length.
  return length === 0 || length > bigintBytesMax ? 'a bigint of a wrong length' : undefined;
}

function isProtoKey(bytes: Uint8Array, start: number): boolean {
  for (let index = 0; index < protoKey.length; index += 1) if (bytes[start + index] !== protoKey[index]) return false;
  return true;
}

/** Binary logarithm of the length field's size: bin, ext and str come in threes, arrays and maps in twos of 16 and 32 bits. */
function lengthBytesLog(token: number): number {
  if (token <= 0xc6) return token - 0xc4;
  if (token <= 0xc9) return token - 0xc7;
  if (token <= 0xdb) return token - 0xd9;
  return token % 2 === 0 ? 1 : 2;
}
