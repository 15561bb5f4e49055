import { sliceToText, textInto } from './text.js';

/**
 * A growing byte buffer with big-endian writers. Reused by one owner: `reset` keeps the memory.
 * `take` copies out, `view` lends the bytes until the next write.
 */
export class ByteWriter {
  #bytes: Uint8Array;
  #length = 0;

  constructor(capacityBytes = 256) {
    this.#bytes = new Uint8Array(capacityBytes);
  }

  get length(): number {
    return this.#length;
  }

  reset(): void {
    this.#length = 0;
  }

  u8(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  u16(value: number): void {
    this.#reserve(2);
    this.#bytes[this.#length++] = value >>> 8;
    this.#bytes[this.#length++] = value;
  }

  u24(value: number): void {
    this.#reserve(3);
    this.#bytes[this.#length++] = value >>> 16;
    this.#bytes[this.#length++] = value >>> 8;
    this.#bytes[this.#length++] = value;
  }

  u32(value: number): void {
    this.#reserve(4);
    this.#bytes[this.#length++] = value >>> 24;
    this.#bytes[this.#length++] = value >>> 16;
    this.#bytes[this.#length++] = value >>> 8;
    this.#bytes[this.#length++] = value;
  }

  /** A whole number up to 2^53 - 1 in eight bytes. */
  u64(value: number): void {
    this.u32(Math.floor(value / 0x1_0000_0000));
    this.u32(value >>> 0);
  }

  /** LEB128 of a whole number from 0 to 2^53 - 1. Throws `RangeError` for any other: an infinite one would never end. */
  varint(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) refuseVarint(value);
    this.#reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#length++] = rest;
  }

  bytes(source: Uint8Array): void {
    this.#reserve(source.length);
    this.#bytes.set(source, this.#length);
    this.#length += source.length;
  }

  /** Varint length, then UTF-8. */
  text(value: string): void {
    // Three bytes a UTF-16 unit bounds UTF-8; the length is written after the text is known, moved if it needs more room.
    this.#reserve(value.length * 3 + 8);
    const lengthAt = this.#length;
    const written = textInto(value, this.#bytes.subarray(lengthAt + 1));
    if (written < 0x80) {
      this.#bytes[lengthAt] = written;
      this.#length = lengthAt + 1 + written;
      return;
    }
    const head = written < 0x4000 ? 2 : written < 0x20_0000 ? 3 : 4;
    this.#bytes.copyWithin(lengthAt + head, lengthAt + 1, lengthAt + 1 + written);
    this.varint(written);
    this.#length = lengthAt + head + written;
  }

  /** Varint length, then the bytes. */
  block(source: Uint8Array): void {
    this.varint(source.length);
    this.bytes(source);
  }

  /**
   * Makes room for at most `maxBytes` and returns where they begin in `buffer`, for callers that store bytes themselves; they MUST
   * say with `close` where they ended.
   */
  open(maxBytes: number): number {
    this.#reserve(maxBytes);
    return this.#length;
  }

  /** Everything in `buffer` before `end` is written. */
  close(end: number): void {
    this.#length = end;
  }

  /** The memory itself; growing replaces it, so read it after `open`, and again after every other write. */
  get buffer(): Uint8Array {
    return this.#bytes;
  }

  /** Begins a block whose length is not known yet: returns where its bytes begin, for `endBlock`. */
  beginBlock(): number {
    this.#reserve(2);
    this.#length += 2;
    return this.#length;
  }

  /** Fills in the length of a block: two bytes of LEB128, which may be padded; a block that needs more is moved. */
  endBlock(start: number): void {
    const length = this.#length - start;
    if (length < 0x4000) {
      this.#bytes[start - 2] = (length & 0x7f) | 0x80;
      this.#bytes[start - 1] = length >>> 7;
      return;
    }
    const more = length < 0x20_0000 ? 1 : length < 0x1000_0000 ? 2 : 6;
    this.#reserve(more);
    this.#bytes.copyWithin(start + more, start, this.#length);
    this.#length = start - 2;
    this.varint(length);
    // The length may be shorter than its place; the block lies right behind it.
    this.#bytes.copyWithin(this.#length, start + more, start + more + length);
    this.#length += length;
  }

  /** Copies a part of other bytes. */
  range(source: Uint8Array, start: number, end: number): void {
    this.#reserve(end - start);
    this.#bytes.set(start === 0 && end === source.length ? source : source.subarray(start, end), this.#length);
    this.#length += end - start;
  }

  /** Overwrites two bytes written before. */
  patchU16(at: number, value: number): void {
    this.#bytes[at] = value >>> 8;
    this.#bytes[at + 1] = value;
  }

  /** Lends what was written; valid until the next write or reset. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Copies out what was written. */
  take(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #reserve(moreBytes: number): void {
    const needed = this.#length + moreBytes;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}

function refuseVarint(value: number): never {
  throw new RangeError(`${value} is no whole number from 0 to 2^53 - 1`);
}

/**
 * Reads what a `ByteWriter` wrote, from bytes that a stranger may have sent. It never throws: a read past the end gives a zero
 * value and makes `ok` false for good, so a decoder reads a whole message and asks once.
 */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #at: number;
  #ok = true;

  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = Math.min(end, bytes.length);
  }

  /** False once any read ran past the end or found a malformed number. */
  get ok(): boolean {
    return this.#ok;
  }

  get remaining(): number {
    return this.#end - this.#at;
  }

  get offset(): number {
    return this.#at;
  }

  u8(): number {
    if (!this.#has(1)) return 0;
    return this.#bytes[this.#at++] ?? 0;
  }

  u16(): number {
    if (!this.#has(2)) return 0;
    return this.#next() * 0x100 + this.#next();
  }

  u24(): number {
    if (!this.#has(3)) return 0;
    return this.#next() * 0x1_0000 + this.#next() * 0x100 + this.#next();
  }

  u32(): number {
    if (!this.#has(4)) return 0;
    return this.#next() * 0x100_0000 + this.#next() * 0x1_0000 + this.#next() * 0x100 + this.#next();
  }

  /** A whole number; one above 2^53 - 1 is malformed. */
  u64(): number {
    const high = this.u32();
    const low = this.u32();
    if (high > 0x1f_ffff) this.#ok = false;
    return this.#ok ? high * 0x1_0000_0000 + low : 0;
  }

  varint(): number {
    let value = 0;
    let scale = 1;
    for (let count = 0; count < 8; count += 1) {
      const byte = this.u8();
      if (!this.#ok) return 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
      scale *= 0x80;
    }
    this.#ok = false;
    return 0;
  }

  /** Passes over bytes. */
  skip(length: number): void {
    if (this.#has(length)) this.#at += length;
  }

  /** Makes `ok` false: the caller found what it read to be malformed. */
  fail(): void {
    this.#ok = false;
  }

  /** A view of the next bytes; the caller copies what it keeps. */
  bytes(length: number): Uint8Array {
    if (!this.#has(length)) return emptyBytes;
    const start = this.#at;
    this.#at += length;
    return this.#bytes.subarray(start, this.#at);
  }

  /** Varint length, then UTF-8; longer than `maxBytes` is malformed. */
  text(maxBytes: number): string {
    const length = this.varint();
    if (length > maxBytes) this.#ok = false;
    if (!this.#has(length)) return '';
    const start = this.#at;
    this.#at += length;
    return sliceToText(this.#bytes, start, this.#at);
  }

  /** Varint length, then a view of the bytes; longer than `maxBytes` is malformed. */
  block(maxBytes: number): Uint8Array {
    const length = this.varint();
    if (length > maxBytes) this.#ok = false;
    return this.bytes(length);
  }

  /** Everything that is left, as a view. */
  rest(): Uint8Array {
    return this.bytes(this.remaining);
  }

  #next(): number {
    return this.#bytes[this.#at++] ?? 0;
  }

  #has(length: number): boolean {
    if (this.#ok && length <= this.#end - this.#at) return true;
    this.#ok = false;
    return false;
  }
}

/** No bytes; shared, never written to. */
export const emptyBytes: Uint8Array = new Uint8Array(0);

/** Says whether two runs of bytes are the same. Not for secrets: its time depends on the content. */
export function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  for (let index = 0; index < left.length; index += 1) if (left[index] !== right[index]) return false;
  return true;
}
