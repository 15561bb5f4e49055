import { type ByteWriter, emptyBytes } from '../core/bytes.js';
import { dataDepthMax } from '../core/data.js';
import { textInto } from '../core/text.js';
import { sharedByte } from './msgpack-forms.js';
import { Tries } from './tries.js';

/**
 * Writes values whose objects all have records that the lane has defined, in the bytes that msgpackr writes for them: one walk that
 * checks and writes, where msgpackr needs a walk before it to find what is no data, a table that finds each record key by key, and a
 * copy out of its own buffer. It gives up on everything that is rare (what is no data among it), and the general way says the rest.
 *
 * A record is guessed: it is the one that stood there in the value before. After a wrong guess it is searched for among all.
 */
export class RecordWriter {
  readonly #records: KnownRecord[] = [];
  readonly #root: Place = { record: undefined, isMixed: false };
  #writer: ByteWriter | undefined;
  #bytes: Uint8Array = emptyBytes;
  #view: DataView = new DataView(emptyBytes.buffer);
  #at = 0;
  readonly #tries = new Tries(inVainMax);

  /** Takes the next record of the lane; keys MUST be those of data, so `__proto__` is none of them. */
  learn(keys: readonly string[]): void {
    const places = keys.map((): Place => ({ record: undefined, isMixed: false }));
    this.#records.push({ token: firstRecordToken + this.#records.length, keys, places });
  }

  /**
   * Writes a value behind its form byte at the end of `writer`; false when it takes the general way, and nothing is written. MUST NOT be
   * called from a getter of a value that is being written: there is one place to write at.
   */
  write(value: unknown, writer: ByteWriter): boolean {
    if (this.#records.length === 0 || !this.#tries.isWorthOne()) return false;
    const start = writer.length;
    let isWritten = false;
    try {
      this.#writer = writer;
      this.#at = start;
      this.#reserve(1);
      this.#bytes[this.#at++] = sharedByte;
      isWritten = this.#value(value, 0, this.#root);
    } finally {
      this.#writer = undefined;
      writer.close(isWritten ? this.#at : start);
    }
    if (isWritten) this.#tries.succeed();
    return isWritten;
  }

  #look(bytes: Uint8Array): void {
    if (bytes === this.#bytes) return;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  #reserve(moreBytes: number): void {
    const writer = this.#writer;
    if (writer === undefined) return;
    writer.close(this.#at);
    writer.open(moreBytes);
    this.#look(writer.buffer);
  }

  #value(value: unknown, depth: number, place: Place): boolean {
    if (this.#bytes.length - this.#at < roomBytes) this.#reserve(roomBytes);
    if (typeof value === 'string') this.#text(value);
    else if (typeof value === 'number') this.#number(value);
    else if (typeof value === 'boolean') this.#bytes[this.#at++] = value ? 0xc3 : 0xc2;
    else if (value === null) this.#bytes[this.#at++] = 0xc0;
    else if (value === undefined) this.#undefined();
    else return typeof value === 'object' && this.#structure(value, depth, place);
    return true;
  }

  /** An extension of type 0, as msgpackr has it. */
  #undefined(): void {
    this.#bytes[this.#at++] = 0xd4;
    this.#bytes[this.#at++] = 0;
    this.#bytes[this.#at++] = 0;
  }

  #number(value: number): void {
    if (value >>> 0 === value) {
      this.#unsigned(value);
    } else if (value >> 0 === value) {
      this.#negative(value);
    } else {
      this.#bytes[this.#at] = 0xcb;
      this.#view.setFloat64(this.#at + 1, value);
      this.#at += 9;
    }
  }

  #unsigned(value: number): void {
    const bytes = this.#bytes;
    if (value < firstRecordToken) {
      bytes[this.#at++] = value;
    } else if (value < 0x100) {
      bytes[this.#at++] = 0xcc;
      bytes[this.#at++] = value;
    } else if (value < 0x1_0000) {
      bytes[this.#at] = 0xcd;
      this.#view.setUint16(this.#at + 1, value);
      this.#at += 3;
    } else {
      bytes[this.#at] = 0xce;
      this.#view.setUint32(this.#at + 1, value);
      this.#at += 5;
    }
  }

  #negative(value: number): void {
    const bytes = this.#bytes;
    if (value >= -0x20) {
      bytes[this.#at++] = value;
    } else if (value >= -0x80) {
      bytes[this.#at++] = 0xd0;
      bytes[this.#at++] = value;
    } else if (value >= -0x8000) {
      bytes[this.#at] = 0xd1;
      this.#view.setInt16(this.#at + 1, value);
      this.#at += 3;
    } else {
      bytes[this.#at] = 0xd2;
      this.#view.setInt32(this.#at + 1, value);
      this.#at += 5;
    }
  }

  #text(text: string): void {
    const { length } = text;
    if (length > shortTextMax) {
      this.#longText(text);
      return;
    }
    const bytes = this.#bytes;
    const start = this.#at + 1;
    let units = 0;
    for (let index = 0; index < length; index += 1) {
      const unit = text.charCodeAt(index);
      units |= unit;
      bytes[start + index] = unit;
    }
    if (units > 0x7f) {
      this.#longText(text);
      return;
    }
    bytes[start - 1] = 0xa0 | length;
    this.#at = start + length;
  }

  /** The length is written as wide as it might have to be: readers take any. */
  #longText(text: string): void {
    const textMax = text.length * 3;
    const headBytes = textMax < 0x100 ? 2 : textMax < 0x1_0000 ? 3 : 5;
    if (this.#bytes.length - this.#at < headBytes + textMax) this.#reserve(headBytes + textMax);
    const at = this.#at;
    const length = textInto(text, this.#bytes.subarray(at + headBytes, at + headBytes + textMax));
    if (headBytes === 2) {
      this.#bytes[at] = 0xd9;
      this.#bytes[at + 1] = length;
    } else if (headBytes === 3) {
      this.#bytes[at] = 0xda;
      this.#view.setUint16(at + 1, length);
    } else {
      this.#bytes[at] = 0xdb;
      this.#view.setUint32(at + 1, length);
    }
    this.#at = at + headBytes + length;
  }

  #structure(value: object, depth: number, place: Place): boolean {
    if (depth >= dataDepthMax) return false;
    if (Array.isArray(value)) return this.#array(value, depth, place);
    if (Object.getPrototypeOf(value) !== Object.prototype) return false;
    const fields = value as Fields;
    const guess = place.record;
    if (guess !== undefined && !place.isMixed) {
      const fit = this.#fields(fields, guess, depth);
      if (fit !== 'other') return fit === 'whole';
      // From now on keys are compared before anything is written, or objects in objects would be written again and again.
      place.isMixed = true;
    }
    const record = guess !== undefined && hasKeys(value, guess.keys) ? guess : findRecord(this.#records, value);
    place.record = record;
    return record !== undefined && this.#fields(fields, record, depth) === 'whole';
  }

  /** `other`: the object has other keys, and nothing is written. */
  #fields(value: Fields, { token, keys, places }: KnownRecord, depth: number): 'whole' | 'other' | 'no' {
    const start = this.#at;
    this.#bytes[start] = token;
    this.#at = start + 1;
    let index = 0;
    for (const key in value) {
      const place = places[index];
      if (key !== keys[index] || place === undefined) {
        index = -1;
        break;
      }
      if (!this.#value(value[key], depth + 1, place)) return 'no';
      index += 1;
    }
    if (index === keys.length) return 'whole';
    this.#at = start;
    return 'other';
  }

  #array(items: readonly unknown[], depth: number, place: Place): boolean {
    const { length } = items;
    if (length > arrayItemsMax) return false;
    if (length < 0x10) {
      this.#bytes[this.#at++] = 0x90 | length;
    } else {
      this.#bytes[this.#at] = 0xdc;
      this.#view.setUint16(this.#at + 1, length);
      this.#at += 3;
    }
    for (let index = 0; index < length; index += 1) if (!this.#value(items[index], depth + 1, place)) return false;
    // A getter that changed its own array would make the count a lie.
    return items.length === length;
  }
}

/** A record of the lane. */
interface KnownRecord {
  readonly token: number;
  readonly keys: readonly string[];
  readonly places: readonly Place[];
}

/** Where objects stand in values: under a key of a record, the items of an array among them. */
interface Place {
  /** Of the object that stood there last. */
  record: KnownRecord | undefined;
  /** Another has been there as well. */
  isMixed: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

/** Begins an object of the lane's first record; what lies below is a number. */
const firstRecordToken = 0x40;
/** The longest text whose length fits into its token. */
const shortTextMax = 31;
/** What any token with a number or a short text behind it takes. */
const roomBytes = 40;
const arrayItemsMax = 0xffff;
/** Values in vain, one after the other, before trying becomes rare. */
const inVainMax = 64;

function findRecord(records: readonly KnownRecord[], value: object): KnownRecord | undefined {
  for (const record of records) if (hasKeys(value, record.keys)) return record;
  return undefined;
}

function hasKeys(value: object, keys: readonly string[]): boolean {
  let index = 0;
  for (const key in value) {
    if (key !== keys[index]) return false;
    index += 1;
  }
  return index === keys.length;
}
