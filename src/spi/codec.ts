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
