import { ClusterError } from '../../core/errors.js';
import { bytesToText, textToBytes } from '../../core/text.js';
import type { Codec } from '../../spi/codec.js';

/** JSON without extras: what the suites of this folder send needs no more. `undefined` is no bytes. */
export const plainCodec: Codec = {
  name: 'application/json',
  encode: (value) => {
    if (value === undefined) return new Uint8Array(0);
    try {
      const text: unknown = JSON.stringify(value);
      if (typeof text === 'string') return textToBytes(text);
    } catch (cause) {
      throw ClusterError.from(cause, 'invalid-value');
    }
    throw new ClusterError('invalid-value', `JSON does not carry a ${typeof value}`);
  },
  decode: (bytes) => {
    if (bytes.length === 0) return undefined;
    try {
      return JSON.parse(bytesToText(bytes)) as unknown;
    } catch (cause) {
      throw ClusterError.from(cause, 'invalid-value');
    }
  },
};
