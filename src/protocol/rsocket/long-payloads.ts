/**
 * Payloads that are too long for the slab. They are kept by reference and written in fragments, one of each stream in turn and
 * a bounded number of bytes for each turn of the event loop, so that a short call never waits for a long one.
 */
import {
  flagComplete,
  flagFollows,
  flagMetadata,
  flagNext,
  headerBytes,
  metadataLengthBytes,
  typePayload,
  writePrefix,
  writeU24,
  writeU32,
} from './frame.js';
import type { FrameWriter } from './frame-writer.js';
import type { SendBuffer } from './send-buffer.js';

/** One payload on its way, or a short one that must not overtake it. */
export interface LongPayload {
  /** The request type for a request that has not begun, else PAYLOAD. */
  type: number;
  /** NEXT and COMPLETE, as they end up on the wire; COMPLETE goes with the last fragment. */
  flags: number;
  /** Initial request-n, or 0 for types without. */
  credit: number;
  readonly metadata: Uint8Array;
  readonly data: Uint8Array;
  metadataSent: number;
  dataSent: number;
}

/** A stream that has long payloads. */
export interface LongSender {
  readonly id: number;
  longPayloads: LongPayload[] | undefined;
  requestEnd: number;
}

/** The streams with long payloads, taking turns. */
export class LongPayloads<T extends LongSender> {
  readonly #buffer: SendBuffer;
  readonly #writer: FrameWriter;
  readonly #fragmentMaxBytes: number;
  /** The peer likes to know the length of a payload after its first fragment. */
  isAnnouncing = false;
  #ring: T[] = [];
  #next = 0;
  #waitingBytes = 0;

  constructor(buffer: SendBuffer, writer: FrameWriter, fragmentMaxBytes: number) {
    this.#buffer = buffer;
    this.#writer = writer;
    this.#fragmentMaxBytes = fragmentMaxBytes;
  }

  get isEmpty(): boolean {
    return this.#ring.length === 0;
  }

  /** Payload bytes that are not encoded yet. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Queues a payload behind those of its stream. */
  add(stream: T, payload: LongPayload): void {
    this.#waitingBytes += payload.metadata.length + payload.data.length;
    if (stream.longPayloads !== undefined) {
      stream.longPayloads.push(payload);
      return;
    }
    stream.longPayloads = [payload];
    this.#ring.push(stream);
  }

  /** Forgets what a stream had to send. */
  drop(stream: T): void {
    if (stream.longPayloads === undefined) return;
    for (const payload of stream.longPayloads) this.#waitingBytes -= unsentBytes(payload);
    stream.longPayloads = undefined;
    const index = this.#ring.indexOf(stream);
    if (index < 0) return;
    this.#ring.splice(index, 1);
    if (index < this.#next) this.#next -= 1;
  }

  /** Writes one fragment of the stream whose turn it is. Returns that stream when it has nothing left, else `undefined`. */
  writeOne(): T | undefined {
    if (this.#next >= this.#ring.length) this.#next = 0;
    const stream = this.#ring[this.#next];
    const payload = stream?.longPayloads?.[0];
    if (stream === undefined || payload === undefined) return undefined;
    if (!this.#writeFragment(stream, payload)) {
      this.#next += 1;
      return undefined;
    }
    if (stream.requestEnd === Infinity) stream.requestEnd = this.#buffer.encodedBytes;
    stream.longPayloads?.shift();
    if (stream.longPayloads?.length !== 0) {
      this.#next += 1;
      return undefined;
    }
    stream.longPayloads = undefined;
    this.#ring.splice(this.#next, 1);
    return stream;
  }

  clear(): void {
    for (const stream of this.#ring) stream.longPayloads = undefined;
    this.#ring = [];
    this.#waitingBytes = 0;
  }

  /** Returns whether it was the last fragment. */
  #writeFragment(stream: T, payload: LongPayload): boolean {
    const { metadata, data } = payload;
    const metadataPart = Math.min(metadata.length - payload.metadataSent, this.#fragmentMaxBytes);
    const dataPart = Math.min(data.length - payload.dataSent, this.#fragmentMaxBytes - metadataPart);
    const isLast =
      payload.metadataSent + metadataPart === metadata.length && payload.dataSent + dataPart === data.length;
    let flags = payload.flags & (isLast ? flagNext | flagComplete : flagNext);
    if (!isLast) flags |= flagFollows;
    if (metadataPart > 0) flags |= flagMetadata;
    const creditBytes = payload.credit > 0 ? 4 : 0;
    const lengthBytes = metadataPart > 0 ? metadataLengthBytes : 0;
    const frameBytes = headerBytes + creditBytes + lengthBytes + metadataPart + dataPart;
    const at = this.#buffer.reserve(frameBytes - metadataPart - dataPart + 3);
    const slab = this.#buffer.slab;
    let end = writePrefix(slab, at, frameBytes, stream.id, (payload.type << 10) | flags);
    if (creditBytes > 0) end = writeU32(slab, end, payload.credit);
    if (lengthBytes > 0) writeU24(slab, end, metadataPart);
    this.#passPart(metadata, payload.metadataSent, metadataPart);
    this.#passPart(data, payload.dataSent, dataPart);
    const isFirst = payload.metadataSent + payload.dataSent === 0;
    payload.metadataSent += metadataPart;
    payload.dataSent += dataPart;
    if (isFirst && !isLast && this.isAnnouncing) this.#writer.announceLength(stream.id, metadata.length + data.length);
    this.#waitingBytes -= metadataPart + dataPart;
    // Fragments after the first are PAYLOAD frames whatever began it; only the first of a request carries request-n.
    if (payload.type !== typePayload) {
      payload.type = typePayload;
      payload.flags = flagNext;
      payload.credit = 0;
    }
    return isLast;
  }

  #passPart(source: Uint8Array, start: number, length: number): void {
    if (length === 0) return;
    const end = start + length;
    if (length > copyMaxBytes) {
      this.#buffer.pass(source.subarray(start, end));
      return;
    }
    const pieceMaxBytes = this.#buffer.slab.length >>> 1;
    for (let from = start; from < end; from += pieceMaxBytes) {
      const piece = source.subarray(from, Math.min(end, from + pieceMaxBytes));
      const at = this.#buffer.reserve(piece.length);
      this.#buffer.slab.set(piece, at);
    }
  }
}

/** A payload as it is queued. */
export function longPayload(fields: Omit<LongPayload, 'metadataSent' | 'dataSent'>): LongPayload {
  return { ...fields, metadataSent: 0, dataSent: 0 };
}

function unsentBytes(payload: LongPayload): number {
  return payload.metadata.length - payload.metadataSent + payload.data.length - payload.dataSent;
}

/** A copy of up to a slab, 4 us, is cheaper than the two more writes that a part by reference takes. */
const copyMaxBytes = 65_536;
