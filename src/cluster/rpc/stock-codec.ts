import { emptyBytes } from '../../core/bytes.js';
import type { Codec } from '../../spi/codec.js';

/** A codec as stock RSocket peers use it: no value is no bytes, both ways. */
export function toStockCodec(codec: Codec): Codec {
  return {
    name: codec.name,
    encode: (value) => (value === undefined ? emptyBytes : codec.encode(value)),
    decode: (bytes) => (bytes.length === 0 ? undefined : codec.decode(bytes)),
  };
}
