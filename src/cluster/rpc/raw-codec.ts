import { emptyBytes } from '../../core/bytes.js';
import { ClusterError } from '../../core/errors.js';
import type { PayloadView } from '../../core/payload-view.js';
import type { Codec } from '../../spi/codec.js';
import { LinkCodec } from './link-values.js';

/**
 * Bytes as they are, for methods that say `raw`. What is decoded is a copy, because received bytes are lent.
 *
 * Short copies share blocks: a `Uint8Array` of its own above 64 bytes costs an allocation outside the heap, 1.2 us against 0.13 us
 * for a place in a block, and the collector's work on top. So whoever keeps one short value keeps its block of 8 KiB alive.
 */
export function createRawCodec(): Codec {
  return new RawCodec();
}

/** Decodes the data of a payload. Bytes that belong to nobody else are not copied. */
export function decodeData(codec: Codec, payload: PayloadView): unknown {
  if (codec instanceof LinkCodec) return codec.decodeRange(payload.bytes, payload.dataStart, payload.dataEnd);
  if (!(codec instanceof RawCodec)) return codec.decode(payload.data());
  return payload.isOwned ? payload.data() : codec.copyOf(payload);
}

class RawCodec implements Codec {
  readonly name = 'application/octet-stream';
  #block = emptyBytes;
  #buffer: ArrayBufferLike = emptyBytes.buffer;
  #used = 0;
  /** Where the last copy came from: the view and its chunk. */
  #view: PayloadView | undefined;
  #chunkNumber = 0;
  /** The part of that chunk which the block has, and the place in the block of what lies at offset 0 of the chunk. */
  #copiedStart = 0;
  #copiedEnd = 0;
  #shift = 0;

  encode(value: unknown): Uint8Array {
    if (value instanceof Uint8Array) return value;
    if (value === undefined) return emptyBytes;
    throw new ClusterError('invalid-value', 'a raw method takes and gives a Uint8Array');
  }

  decode(bytes: Uint8Array): Uint8Array {
    if (bytes.length > sharedBytesMax) return bytes.slice();
    this.#view = undefined;
    return this.#place(bytes, 0, bytes.length, bytes.length);
  }

  /**
   * A copy of the data. The second value of one chunk brings the rest of the chunk along, as far as the block has room: the values
   * behind it, which as a rule are of this kind, then cost a view each and no copy of their own.
   */
  copyOf(payload: PayloadView): Uint8Array {
    const { bytes, dataStart: start, dataEnd: end } = payload;
    if (end - start > sharedBytesMax) return bytes.slice(start, end);
    if (bytes !== payload.chunk) {
      this.#view = undefined;
      return this.#place(bytes, start, end, end);
    }
    const isSame = payload === this.#view && payload.chunkNumber === this.#chunkNumber;
    if (isSame && start >= this.#copiedStart && end <= this.#copiedEnd) {
      return new Uint8Array(this.#buffer, this.#shift + start, end - start);
    }
    this.#view = payload;
    this.#chunkNumber = payload.chunkNumber;
    return this.#place(bytes, start, end, isSame ? bytes.length : end);
  }

  /** Copies from `start` to `end`, and on to `wanted` while there is room, into the block. A constructed view costs 30 ns. */
  #place(bytes: Uint8Array, start: number, end: number, wanted: number): Uint8Array {
    if (this.#used + end - start > blockBytes || this.#block.length === 0) {
      this.#block = new Uint8Array(blockBytes);
      this.#buffer = this.#block.buffer;
      this.#used = 0;
    }
    const at = this.#used;
    const copiedEnd = Math.min(wanted, start + blockBytes - at);
    this.#block.set(new Uint8Array(bytes.buffer, bytes.byteOffset + start, copiedEnd - start), at);
    this.#used = at + copiedEnd - start;
    this.#copiedStart = start;
    this.#copiedEnd = copiedEnd;
    this.#shift = at - start;
    return new Uint8Array(this.#buffer, at, end - start);
  }
}

const blockBytes = 8192;
/** Longer ones are allocated by themselves, so that a block holds several and little of it is wasted. */
const sharedBytesMax = 1024;
