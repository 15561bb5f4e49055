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
  return payload.isOwned ? payload.data() : codec.copy(payload.bytes, payload.dataStart, payload.dataEnd);
}

class RawCodec implements Codec {
  readonly name = 'application/octet-stream';
  #block = emptyBytes;
  #buffer: ArrayBufferLike = emptyBytes.buffer;
  #used = 0;
  /** The bytes that the last copy came from, as a rule one chunk of a connection, and the memory under them: reading it costs 29 ns. */
  #source = emptyBytes;
  #sourceBuffer: ArrayBufferLike = emptyBytes.buffer;

  encode(value: unknown): Uint8Array {
    if (value instanceof Uint8Array) return value;
    if (value === undefined) return emptyBytes;
    throw new ClusterError('invalid-value', 'a raw method takes and gives a Uint8Array');
  }

  decode(bytes: Uint8Array): Uint8Array {
    return this.copy(bytes, 0, bytes.length);
  }

  /** The bytes from `start` to `end`. A view made by its constructor costs 30 ns, one by `subarray` 42. */
  copy(bytes: Uint8Array, start: number, end: number): Uint8Array {
    const length = end - start;
    if (length > sharedBytesMax) return bytes.slice(start, end);
    if (this.#used + length > this.#block.length) {
      this.#block = new Uint8Array(blockBytes);
      this.#buffer = this.#block.buffer;
      this.#used = 0;
    }
    if (bytes !== this.#source) {
      this.#source = bytes;
      this.#sourceBuffer = bytes.buffer;
    }
    const at = this.#used;
    this.#used = at + length;
    this.#block.set(new Uint8Array(this.#sourceBuffer, bytes.byteOffset + start, length), at);
    return new Uint8Array(this.#buffer, at, length);
  }
}

const blockBytes = 8192;
/** Longer ones are allocated by themselves, so that a block holds several and little of it is wasted. */
const sharedBytesMax = 1024;
