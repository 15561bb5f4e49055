import { type Packr, RESERVE_START_SPACE, RESET_BUFFER_MODE, REUSE_BUFFER_MODE } from 'msgpackr';
import type { ByteWriter } from '../core/bytes.js';
import { ClusterError } from '../core/errors.js';
import type { Codec } from '../spi/codec.js';
import { malformed } from './data-codec.js';

/** The self-contained forms, as lanes fall back to them. */
export interface MsgpackForms extends Codec {
  /** `encode` for what is known to be data. */
  pack(value: unknown): Uint8Array;
  /** Decodes a self-contained value that lies inside other bytes. */
  decodeRange(bytes: Uint8Array, start: number, end: number): unknown;
}

/** A part of received bytes. */
export interface ByteRange {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** The first byte of a value: objects as maps. */
export const plainByte = 0;
/** Objects as records that are defined in place. */
export const inlineByte = 1;
/** Objects as records that the lane has defined. */
export const sharedByte = 2;
/** A value of a shape that the lane has defined; see `shape-encoder.ts`. */
export const compiledByte = 3;

/** What all forms of msgpackr share: types kept as they are, bytes copied out of lent buffers, nothing but data. */
export const common = {
  moreTypes: true,
  copyBuffers: true,
  useBigIntExtension: true,
  structuredClone: false,
  useToJSON: false,
} as const;

/** Encodes behind a form byte. Throws `invalid-value`. */
export function pack(packr: Packr, value: unknown, form: number): Uint8Array {
  try {
    const bytes: Uint8Array = packr.pack(value, RESERVE_START_SPACE + 1);
    bytes[0] = form;
    return bytes;
  } catch (error) {
    throw ClusterError.from(error, 'invalid-value');
  }
}

/** The same, written behind what a writer has: msgpackr's own buffer is used again, and no part of it is handed out. */
export function packInto(packr: Packr, value: unknown, form: number, writer: ByteWriter): void {
  const packed = packLent(packr, value);
  writer.u8(form);
  // With a record that it has just learned, msgpackr gives a part of the buffer, and no places in it.
  writer.range(packed, packed.start ?? 0, packed.end ?? packed.length);
}

function packLent(packr: Packr, value: unknown): Lent {
  try {
    return packr.pack(value, REUSE_BUFFER_MODE | RESET_BUFFER_MODE);
  } catch (error) {
    throw ClusterError.from(error, 'invalid-value');
  }
}

/** Bytes that are good until the next value is packed, with their places where they are not all of them. */
type Lent = Uint8Array & { readonly start?: number; readonly end?: number };

/** Decodes what was scanned. Throws `invalid-value`. */
export function unpack(packr: Packr, range: ByteRange): unknown {
  try {
    return packr.unpack(range.bytes, range);
  } catch (error) {
    throw malformed('application/msgpack', 'it cannot be read', error);
  }
}
