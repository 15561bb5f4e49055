import type { ByteWriter } from '../core/bytes.js';

/**
 * Turns values into bytes and back. Values are data: plain objects, arrays, strings, numbers, bigints, booleans, null, undefined,
 * Date, Map, Set, typed arrays; an implementation says what else it takes.
 */
export interface Codec {
  /** Its name on the wire, as a media type: `application/msgpack`. */
  readonly name: string;
  /** Throws `invalid-value` for what it cannot carry. The result MUST NOT change later. */
  encode(value: unknown): Uint8Array;
  /** Throws `invalid-value` for bytes that are malformed or beyond its limits; MUST be bounded on hostile input. The bytes are lent. */
  decode(bytes: Uint8Array): unknown;
}

/**
 * A codec that does better on lanes that live long: what repeats in values (their shapes) is sent once as a definition and named by
 * a number afterwards. Definitions are numbered from 0 by the encoder, so a value is encoded once for all lanes.
 */
export interface LaneCodec extends Codec {
  /** What decoders here read beyond the codec's first form: names that hello offers, so that both sides know. */
  readonly capabilities: readonly string[];
  /**
   * One for each life of the sending node and each set of peers that read the same: it MUST use no form that needs a capability
   * which they lack.
   */
  createEncoder(capabilities: ReadonlySet<string>): LaneEncoder;
  /** One for each life of a sending peer. */
  createDecoder(): LaneDecoder;
}

/** The sending side of a `LaneCodec`. */
export interface LaneEncoder {
  /** How many definitions there are. A value encoded now needs no more than these; a lane MUST carry them before it. */
  readonly definitionCount: number;
  /** The bytes of one definition. */
  definition(index: number): Uint8Array;
  /** Of them, how many a lane must have carried before the value that was encoded last. */
  readonly needed: number;
  /** Throws `invalid-value`. The result MUST NOT change later. */
  encode(value: unknown): Uint8Array;
  /**
   * MAY be there: writes at the end of `writer` what `encode` would return, without an object for each value. When it throws
   * `invalid-value`, the caller takes back what was written.
   */
  encodeInto?(value: unknown, writer: ByteWriter): void;
}

/** The receiving side of a `LaneCodec`. */
export interface LaneDecoder {
  readonly definitionCount: number;
  /** Takes the next definition; false when it is malformed or one too many. The bytes are lent. */
  define(bytes: Uint8Array): boolean;
  /** Reads one value from `start` to `end`; throws `invalid-value`. MUST be bounded on hostile input. The bytes are lent. */
  decode(bytes: Uint8Array, start: number, end: number): unknown;
}
