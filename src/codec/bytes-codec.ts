import type { Codec } from '../spi/codec.js';
import { notData } from './data-codec.js';

/** Bytes as they are: for payloads that something else made. */
export const bytesCodec: Codec = {
  name: 'application/octet-stream',
  encode(value: unknown): Uint8Array {
    if (value instanceof Uint8Array) return value.slice();
    throw notData({ path: '', why: 'this codec carries a Uint8Array only' });
  },
  decode(bytes: Uint8Array): unknown {
    return bytes.slice();
  },
};
