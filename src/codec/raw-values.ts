import type { ByteWriter } from '../core/bytes.js';
import { plainByte } from './msgpack-forms.js';

/**
 * Values that are bytes and nothing else cost a copy on each side: they are written and read here without msgpackr, as the
 * self-contained form of a MessagePack `bin`, which every decoder reads.
 */
export function isRaw(value: unknown): value is Uint8Array {
  if (!(value instanceof Uint8Array)) return false;
  // A class of somebody else's may mean more than its bytes; the general way decides.
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === bytesPrototype || prototype === bufferPrototype;
}

/** Writes bytes as a value: form byte, head, the bytes. */
export function writeRaw(value: Uint8Array, writer: ByteWriter): void {
  const { length } = value;
  writer.u8(plainByte);
  if (length < 0x100) {
    writer.u8(bin8);
    writer.u8(length);
  } else if (length < 0x1_0000) {
    writer.u8(bin16);
    writer.u16(length);
  } else {
    writer.u8(bin32);
    writer.u32(length);
  }
  writer.bytes(value);
}

/** Says whether a value may be what `writeRaw` writes: its form is plain, and it begins as a `bin` does. */
export function looksRaw(bytes: Uint8Array, start: number, end: number): boolean {
  const token = end - start < 3 ? 0 : (bytes[start + 1] ?? 0);
  return token >= bin8 && token <= bin32;
}

/**
 * Copies received values that are bytes. Copies of some KiB share blocks: a `Uint8Array` of its own costs an allocation outside the
 * heap and the collector's work on top, ten times a place in a block. Whoever keeps one keeps its block alive, and whoever
 * transfers one's buffer to another thread takes the others' bytes away; `BusEvent.value` says so to users.
 */
export class RawReader {
  readonly #small = new Blocks(smallBlockBytes);
  readonly #large = new Blocks(largeBlockBytes);

  /** Reads what `looksRaw` said yes to; `undefined` when its length is not that of the value. */
  read(bytes: Uint8Array, start: number, end: number): Uint8Array | undefined {
    const lengthBytes = 1 << ((bytes[start + 1] ?? 0) - bin8);
    const from = start + 2 + lengthBytes;
    if (from > end) return undefined;
    let length = 0;
    for (let at = start + 2; at < from; at += 1) length = length * 256 + (bytes[at] ?? 0);
    if (length !== end - from) return undefined;
    if (length > largeBlockBytes / sharesMin) return new Uint8Array(bytes.subarray(from, end));
    const blocks = length > smallBlockBytes / sharesMin ? this.#large : this.#small;
    return blocks.copy(bytes, from, length);
  }
}

/** Memory that several copies share. */
class Blocks {
  readonly #blockBytes: number;
  #block = new Uint8Array(0);
  #memory: ArrayBufferLike = this.#block.buffer;
  #used = 0;
  /** The bytes that the last copy came from, and the memory under them, which costs 29 ns to ask for. */
  #source: Uint8Array = this.#block;
  #sourceMemory: ArrayBufferLike = this.#memory;

  constructor(blockBytes: number) {
    this.#blockBytes = blockBytes;
  }

  copy(bytes: Uint8Array, from: number, length: number): Uint8Array {
    if (this.#used + length > this.#block.length) {
      this.#block = new Uint8Array(this.#blockBytes);
      this.#memory = this.#block.buffer;
      this.#used = 0;
    }
    if (bytes !== this.#source) {
      this.#source = bytes;
      this.#sourceMemory = bytes.buffer;
    }
    const at = this.#used;
    this.#used = at + length;
    this.#block.set(new Uint8Array(this.#sourceMemory, bytes.byteOffset + from, length), at);
    return new Uint8Array(this.#memory, at, length);
  }
}

const bin8 = 0xc4;
const bin16 = 0xc5;
const bin32 = 0xc6;

const bytesPrototype = Uint8Array.prototype;
const bufferPrototype = Buffer.prototype;

const smallBlockBytes = 8192;
const largeBlockBytes = 16_384;
/** Copies that find a place in a block at least. */
const sharesMin = 4;
