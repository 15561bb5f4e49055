import { dataDepthMax } from '../core/data.js';
import { generate } from './generate.js';
import { Tries } from './tries.js';

/**
 * Reads values whose objects all have records that the lane has defined: one walk that checks every length and builds as it goes,
 * where msgpackr needs a walk before it that finds what is malformed, and a call out of the runtime for the texts. It gives up on
 * everything that is rare (what is malformed among it), and the general way says what is wrong with it.
 */
export class RecordReader {
  readonly #isGenerating: boolean;
  readonly #records: ReadRecord[] = [];
  #bytes: Uint8Array = noBytes;
  #view: DataView = new DataView(noBytes.buffer);
  #start = 0;
  #at = 0;
  #end = 0;
  #depth = 0;
  #isFailed = false;
  readonly #tries = new Tries(inVainMax);
  /** The bytes of a short value as one text, once one of its texts is read: cutting it costs a tenth of making another. */
  #run = '';

  /** `isGenerating`: code may be made at run time. */
  constructor(isGenerating: boolean) {
    this.#isGenerating = isGenerating;
  }

  /** Takes the next record of the lane; its keys MUST be without `__proto__`, and none twice. */
  define(keys: readonly string[]): void {
    this.#records.push({ keys, make: undefined, sightings: 0 });
  }

  /** Returns the value, or `notRead`. */
  read(bytes: Uint8Array, start: number, end: number): unknown {
    if (!this.#tries.isWorthOne()) return notRead;
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    }
    this.#start = start;
    this.#at = start;
    this.#end = end;
    this.#depth = 0;
    this.#isFailed = false;
    this.#run = '';
    const value = this.next();
    if (!this.#isWhole()) return notRead;
    this.#tries.succeed();
    return value;
  }

  #isWhole(): boolean {
    return !this.#isFailed && this.#at === this.#end;
  }

  /** Reads one value; for the generated code. After a failure it gives `undefined` and moves no further. */
  next(): unknown {
    if (this.#at >= this.#end) return this.#fail();
    const token = this.#bytes[this.#at++] ?? 0;
    if (token < 0x40) return token;
    if (token < 0x80) return this.#object(token - 0x40);
    if (token >= 0xe0) return token - 0x100;
    if (token < 0x90) return this.#fail();
    if (token < 0xa0) return this.#array(token - 0x90);
    return token < 0xc0 ? this.#text(token - 0xa0) : this.#marked(token);
  }

  #marked(token: number): unknown {
    switch (token) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xd4:
        // Of the extensions of one byte only type 0, which is `undefined`.
        return this.#has(2) && this.#bytes[this.#at - 2] === 0 ? undefined : this.#fail();
      case 0xd9:
        return this.#text(this.#unsigned(1));
      case 0xda:
        return this.#text(this.#unsigned(2));
      case 0xdb:
        return this.#text(this.#unsigned(4));
      case 0xdc:
        return this.#array(this.#unsigned(2));
      default:
        return this.#number(token);
    }
  }

  #number(token: number): number | undefined {
    switch (token) {
      case 0xcb:
        return this.#has(8) ? this.#view.getFloat64(this.#at - 8) : undefined;
      case 0xcc:
        return this.#unsigned(1);
      case 0xcd:
        return this.#unsigned(2);
      case 0xce:
        return this.#unsigned(4);
      case 0xd0:
        return this.#has(1) ? this.#view.getInt8(this.#at - 1) : undefined;
      case 0xd1:
        return this.#has(2) ? this.#view.getInt16(this.#at - 2) : undefined;
      case 0xd2:
        return this.#has(4) ? this.#view.getInt32(this.#at - 4) : undefined;
      default:
        return this.#fail();
    }
  }

  #unsigned(length: number): number {
    if (!this.#has(length)) return 0;
    let value = 0;
    for (let at = this.#at - length; at < this.#at; at += 1) value = value * 0x100 + (this.#bytes[at] ?? 0);
    return value;
  }

  #text(length: number): string {
    if (!this.#has(length)) return '';
    const end = this.#at;
    const start = end - length;
    let bits = 0;
    for (let at = start; at < end; at += 1) bits |= this.#bytes[at] ?? 0;
    if (bits > 0x7f) return utf8Slice.call(this.#bytes, start, end);
    // A text that is cut keeps the whole run alive.
    if (this.#end - this.#start > runBytesMax) return latin1Slice.call(this.#bytes, start, end);
    if (this.#run === '') this.#run = latin1Slice.call(this.#bytes, this.#start, this.#end);
    return this.#run.slice(start - this.#start, end - this.#start);
  }

  #object(number: number): unknown {
    const record = this.#records[number];
    if (record === undefined || this.#depth >= dataDepthMax) return this.#fail();
    this.#depth += 1;
    const value = record.make === undefined ? this.#byStep(record) : record.make(this);
    this.#depth -= 1;
    return value;
  }

  #byStep(record: ReadRecord): unknown {
    const { keys } = record;
    if (this.#isGenerating) {
      record.sightings += 1;
      if (record.sightings === sightingsNeeded) record.make = generateMaker(keys);
    }
    const object: Record<string, unknown> = {};
    for (const key of keys) object[key] = this.next();
    return object;
  }

  /** It grows with what is there, so a count says nothing about memory. */
  #array(length: number): unknown {
    if (length > this.#end - this.#at || this.#depth >= dataDepthMax) return this.#fail();
    this.#depth += 1;
    const items: unknown[] = [];
    for (let index = 0; index < length && !this.#isFailed; index += 1) items.push(this.next());
    this.#depth -= 1;
    return items;
  }

  /** Passes over so many bytes, if they are there. */
  #has(length: number): boolean {
    if (length > this.#end - this.#at) {
      this.#fail();
      return false;
    }
    this.#at += length;
    return true;
  }

  #fail(): undefined {
    this.#isFailed = true;
    this.#at = this.#end;
    return undefined;
  }
}

/** What is no value of simple parts. */
export const notRead: unique symbol = Symbol('not read');

interface ReadRecord {
  readonly keys: readonly string[];
  make: ((reader: RecordReader) => unknown) | undefined;
  sightings: number;
}

/** Objects of a record that come before code is made for it. */
const sightingsNeeded = 8;

/** Values in vain, one after the other, before trying becomes rare. */
const inVainMax = 64;

/** Values of at most so many bytes are read as one run of text. */
const runBytesMax = 512;

const noBytes = new Uint8Array(0);
const { latin1Slice, utf8Slice } = Buffer.prototype;

/** An object literal: its parts are evaluated in the order of the keys. */
function generateMaker(keys: readonly string[]): ReadRecord['make'] {
  const parts = keys.map((key) => `${JSON.stringify(key)}: r.next()`);
  try {
    return generate<ReadRecord['make']>(`return function make(r) {\nreturn {${parts.join(', ')}};\n};`);
  } catch {
    // Forbidden after all, by a policy that came later: step by step is right too, only slower.
    return undefined;
  }
}
