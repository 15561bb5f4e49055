import { emptyBytes } from '../../core/bytes.js';
import { ClusterError } from '../../core/errors.js';
import type { Codec } from '../../spi/codec.js';

/** Bytes as they are, for methods that say `raw`. What is decoded is a copy, because received bytes are lent. */
export const rawCodec: Codec = {
  name: 'application/octet-stream',
  encode: (value) => {
    if (value instanceof Uint8Array) return value;
    if (value === undefined) return emptyBytes;
    throw new ClusterError('invalid-value', 'a raw method takes and gives a Uint8Array');
  },
  decode: (bytes) => bytes.slice(),
};
