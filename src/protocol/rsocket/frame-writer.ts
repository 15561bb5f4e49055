import * as frame from './frame.js';
import type { SendBuffer } from './send-buffer.js';

/** Encodes short frames straight into the slab. Lengths are the caller's to bound; what is given here should fit half a slab. */
export class FrameWriter {
  readonly #buffer: SendBuffer;

  constructor(buffer: SendBuffer) {
    this.#buffer = buffer;
  }

  /** A request. `prefix` is a byte before the metadata, or -1; `credit` is the initial request-n, or 0 for types without. */
  // oxlint-disable-next-line max-params -- an options object here would be an object per frame
  request(id: number, type: number, credit: number, prefix: number, metadata: Uint8Array, data: Uint8Array): void {
    const metadataBytes = metadata.length + (prefix < 0 ? 0 : 1);
    const fieldBytes = (credit > 0 ? 4 : 0) + (metadataBytes > 0 ? frame.metadataLengthBytes : 0);
    const frameBytes = frame.headerBytes + fieldBytes + metadataBytes + data.length;
    const flags = metadataBytes > 0 ? frame.flagMetadata : 0;
    let at = this.#buffer.reserve(3 + frameBytes);
    const slab = this.#buffer.slab;
    at = frame.writePrefix(slab, at, frameBytes, id, (type << 10) | flags);
    if (credit > 0) at = frame.writeU32(slab, at, credit);
    if (metadataBytes > 0) {
      at = frame.writeU24(slab, at, metadataBytes);
      if (prefix >= 0) slab[at++] = prefix;
      at = frame.writeBytes(slab, at, metadata);
    }
    frame.writeBytes(slab, at, data);
  }

  /** PAYLOAD with NEXT, COMPLETE or both. */
  payload(id: number, flags: number, metadata: Uint8Array, data: Uint8Array): void {
    const metadataBytes = metadata.length;
    const lengthBytes = metadataBytes > 0 ? frame.metadataLengthBytes : 0;
    const frameBytes = frame.headerBytes + lengthBytes + metadataBytes + data.length;
    const mark = metadataBytes > 0 ? flags | frame.flagMetadata : flags;
    let at = this.#buffer.reserve(3 + frameBytes);
    const slab = this.#buffer.slab;
    at = frame.writePrefix(slab, at, frameBytes, id, (frame.typePayload << 10) | mark);
    if (metadataBytes > 0) at = frame.writeBytes(slab, frame.writeU24(slab, at, metadataBytes), metadata);
    frame.writeBytes(slab, at, data);
  }

  requestN(id: number, count: number): void {
    this.#fixed(id, frame.typeRequestN << 10, count);
  }

  cancel(id: number): void {
    const at = this.#buffer.reserve(frame.prefixBytes);
    frame.writePrefix(this.#buffer.slab, at, frame.headerBytes, id, frame.typeCancel << 10);
  }

  /** ERROR; its data is cut at `errorDataMaxBytes`. */
  error(id: number, code: number, data: Uint8Array): void {
    const text = data.length > errorDataMaxBytes ? data.subarray(0, errorDataMaxBytes) : data;
    let at = this.#buffer.reserve(frame.prefixBytes + 4 + text.length);
    const slab = this.#buffer.slab;
    at = frame.writePrefix(slab, at, frame.headerBytes + 4 + text.length, id, frame.typeError << 10);
    frame.writeBytes(slab, frame.writeU32(slab, at, code), text);
  }

  /** KEEPALIVE; the position is 0 because there is no resume. */
  keepAlive(flags: number, data: Uint8Array): void {
    const frameBytes = frame.headerBytes + 8 + data.length;
    let at = this.#buffer.reserve(3 + frameBytes);
    const slab = this.#buffer.slab;
    at = frame.writePrefix(slab, at, frameBytes, 0, (frame.typeKeepAlive << 10) | flags);
    at = frame.writeU32(slab, frame.writeU32(slab, at, 0), 0);
    frame.writeBytes(slab, at, data);
  }

  lease(ttlMs: number, requests: number): void {
    const at = this.#buffer.reserve(frame.prefixBytes + 8);
    const slab = this.#buffer.slab;
    const end = frame.writePrefix(slab, at, frame.headerBytes + 8, 0, frame.typeLease << 10);
    frame.writeU32(slab, frame.writeU32(slab, end, ttlMs), requests);
  }

  metadataPush(metadata: Uint8Array): void {
    const frameBytes = frame.headerBytes + metadata.length;
    const at = this.#buffer.reserve(3 + frameBytes);
    const slab = this.#buffer.slab;
    const mark = (frame.typeMetadataPush << 10) | frame.flagMetadata;
    frame.writeBytes(slab, frame.writePrefix(slab, at, frameBytes, 0, mark), metadata);
  }

  /** EXT: how long the payload will be whose first fragment was written. Whoever does not know it ignores it. */
  announceLength(id: number, byteCount: number): void {
    const at = this.#buffer.reserve(frame.prefixBytes + 8);
    const slab = this.#buffer.slab;
    const mark = (frame.typeExt << 10) | frame.flagIgnore;
    const end = frame.writePrefix(slab, at, frame.headerBytes + 8, id, mark);
    frame.writeU32(slab, frame.writeU32(slab, end, frame.extendedTypeLength), byteCount);
  }

  /** Bytes that are a frame already. */
  raw(bytes: Uint8Array): void {
    const at = this.#buffer.reserve(bytes.length);
    this.#buffer.slab.set(bytes, at);
  }

  #fixed(id: number, typeAndFlags: number, value: number): void {
    const at = this.#buffer.reserve(frame.prefixBytes + 4);
    const slab = this.#buffer.slab;
    frame.writeU32(slab, frame.writePrefix(slab, at, frame.headerBytes + 4, id, typeAndFlags), value);
  }
}

/** Most bytes of an ERROR's data that are sent; an error is a message, not a payload. */
export const errorDataMaxBytes = 16_384;
