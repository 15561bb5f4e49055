import { Packr } from 'msgpackr';
import { ClusterError } from '../core/errors.js';
import type { Codec } from '../spi/codec.js';
import { assertEncodable, malformed } from './data-codec.js';
import { MsgpackScanner, plainMode } from './msgpack-scan.js';

/**
 * MessagePack as other programs read and write it: nothing in front, objects and `Map`s as maps, which come back as objects. What
 * MessagePack has no type for (`Set`, bigint beyond 64 bits, `undefined` inside a value) goes in extensions that msgpackr knows.
 */
export function createPlainMsgpackCodec(): Codec {
  return new PlainMsgpackCodec();
}

class PlainMsgpackCodec implements Codec {
  readonly name = 'application/msgpack';
  readonly #packr = new Packr({
    useRecords: false,
    variableMapSize: true,
    mapsAsObjects: true,
    moreTypes: true,
    copyBuffers: true,
    useBigIntExtension: true,
    structuredClone: false,
    useToJSON: false,
  });
  readonly #scanner = new MsgpackScanner();

  encode(value: unknown): Uint8Array {
    assertEncodable(value);
    try {
      return this.#packr.pack(value);
    } catch (error) {
      throw ClusterError.from(error, 'invalid-value');
    }
  }

  decode(bytes: Uint8Array): unknown {
    const fault = this.#scanner.scan(bytes, 0, bytes.length, plainMode);
    if (fault !== undefined) throw malformed(this.name, fault);
    try {
      return this.#packr.unpack(bytes);
    } catch (error) {
      throw malformed(this.name, 'it cannot be read', error);
    }
  }
}
