import type { ByteWriter } from '../core/bytes.js';
import { ClusterError } from '../core/errors.js';
import type { Codec, LaneCodec, LaneDecoder, LaneEncoder } from '../spi/codec.js';

/**
 * Puts a codec of the user's choice over the one that every node reads: events between nodes that both have it travel in it, everything else
 * in the base. A value says by its first byte which of the two wrote it, so that nodes may be given the codec one after the other.
 */
export function layerCodec(base: LaneCodec, chosen: Codec): LaneCodec {
  const capability = `values:${chosen.name}`;
  return {
    name: base.name,
    capabilities: [...base.capabilities, capability],
    // A request goes to whoever answers, and to guests: they all read the base.
    encode: (value) => base.encode(value),
    decode: (bytes) => (bytes[0] === layeredByte ? decodeIn(chosen, bytes.subarray(1)) : base.decode(bytes)),
    createEncoder: (capabilities) =>
      capabilities.has(capability) ? new LayeredEncoder(chosen) : base.createEncoder(capabilities),
    createDecoder: () => new LayeredDecoder(chosen, base.createDecoder()),
  };
}

/** Begins a value of the chosen codec; the base begins its own with 0 to 3. */
const layeredByte = 0x7f;

/** Every value stands by itself: there is nothing to define. */
class LayeredEncoder implements LaneEncoder {
  readonly definitionCount = 0;
  readonly needed = 0;
  readonly #codec: Codec;

  constructor(codec: Codec) {
    this.#codec = codec;
  }

  definition(index: number): Uint8Array {
    throw new ClusterError('internal', `${this.#codec.name} has no definition ${index}`);
  }

  encode(value: unknown): Uint8Array {
    const body = encodeIn(this.#codec, value);
    const bytes = new Uint8Array(body.length + 1);
    bytes[0] = layeredByte;
    bytes.set(body, 1);
    return bytes;
  }

  encodeInto(value: unknown, writer: ByteWriter): void {
    const body = encodeIn(this.#codec, value);
    writer.u8(layeredByte);
    writer.bytes(body);
  }
}

class LayeredDecoder implements LaneDecoder {
  readonly #codec: Codec;
  readonly #base: LaneDecoder;

  constructor(codec: Codec, base: LaneDecoder) {
    this.#codec = codec;
    this.#base = base;
  }

  get definitionCount(): number {
    return this.#base.definitionCount;
  }

  define(bytes: Uint8Array): boolean {
    return this.#base.define(bytes);
  }

  decode(bytes: Uint8Array, start: number, end: number): unknown {
    if (start >= end || bytes[start] !== layeredByte) return this.#base.decode(bytes, start, end);
    return decodeIn(this.#codec, bytes.subarray(start + 1, end));
  }
}

/** A codec is the user's code: whatever it throws is a fault of the value. */
function encodeIn(codec: Codec, value: unknown): Uint8Array {
  try {
    return codec.encode(value);
  } catch (error) {
    throw ClusterError.from(error, 'invalid-value');
  }
}

function decodeIn(codec: Codec, bytes: Uint8Array): unknown {
  try {
    return codec.decode(bytes);
  } catch (error) {
    throw ClusterError.from(error, 'invalid-value');
  }
}
