import { flagRespond, typePayload, writeU32 } from './frame.js';
import { FrameWriter } from './frame-writer.js';
import type { MonotonicMs } from '../../core/clock.js';
import { LongPayloads, longPayload } from './long-payloads.js';
import type { EngineOptions } from './options.js';
import { Pace } from './pace.js';
import { type ByteTarget, SendBuffer, type SlabPool } from './send-buffer.js';
import type { RsocketStream } from './stream.js';

/**
 * The sending half of a connection: encodes frames, asks for one flush a turn, lets long payloads take turns, and chokes the
 * producers while the operating system does not keep up.
 */
export class Outgoing {
  readonly #target: ByteTarget;
  readonly #options: EngineOptions;
  readonly #flushSoon: () => void;
  readonly #buffer: SendBuffer;
  readonly #writer: FrameWriter;
  readonly #long: LongPayloads<RsocketStream>;
  readonly #pace: Pace;
  #waiting: RsocketStream[] = [];
  #isChoked = false;
  #isFlushDue = false;

  /** `flushSoon` MUST lead to one `flush` after this turn of the event loop, never inside the call. */
  constructor(target: ByteTarget, pool: SlabPool, options: EngineOptions, flushSoon: () => void) {
    this.#target = target;
    this.#options = options;
    this.#flushSoon = flushSoon;
    this.#buffer = new SendBuffer(target, pool);
    this.#writer = new FrameWriter(this.#buffer);
    this.#long = new LongPayloads(this.#buffer, this.#writer, options.fragmentMaxBytes);
    this.#pace = new Pace(options.longWindowBytes);
  }

  /** The peer is of our kind: it knows the frame that announces the length of a payload in fragments, and answers probes. */
  trust(): void {
    this.#long.isAnnouncing = true;
    this.#pace.isOn = true;
  }

  /** The peer answered a probe of long payloads. */
  onProbe(now: MonotonicMs, probe: number): void {
    this.#pace.onAnswer(now, probe);
    if (!this.#long.isEmpty && this.#mayPump()) this.#askFlush();
  }

  /** The buffer is above the high-water mark. */
  get isChoked(): boolean {
    return this.#isChoked;
  }

  /** Bytes that wait for the operating system, those of long payloads that are not encoded yet among them. */
  get bufferedBytes(): number {
    return this.#buffer.waitingBytes + this.#long.waitingBytes;
  }

  /** No more is taken: the buffer and the long payloads are at their limit. */
  get isFull(): boolean {
    return this.bufferedBytes > this.#options.bufferedMaxBytes;
  }

  /** Every byte was handed to the connection. */
  get isFlushed(): boolean {
    return this.#buffer.isEmpty && this.#long.isEmpty;
  }

  /** Says whether the whole request of a stream was handed to the connection. */
  wasWritten(stream: RsocketStream): boolean {
    return stream.requestEnd <= this.#buffer.handedBytes;
  }

  /** Encodes a request, or queues it when it is long. */
  // oxlint-disable-next-line max-params -- an options object here would be an object per request
  request(
    stream: RsocketStream,
    type: number,
    credit: number,
    prefix: number,
    metadata: Uint8Array,
    data: Uint8Array,
  ): void {
    if (metadata.length + data.length <= this.#options.longPayloadBytes) {
      this.#writer.request(stream.id, type, credit, prefix, metadata, data);
      this.#pace.share();
      stream.requestEnd = this.#buffer.encodedBytes;
    } else {
      stream.requestEnd = Infinity;
      const joined = prefix < 0 ? metadata : withPrefix(prefix, metadata);
      this.#long.add(stream, longPayload({ type, flags: 0, credit, metadata: joined, data }));
    }
    this.#written();
  }

  /** A request without credit that is short enough for the slab. Returns what is encoded with it: the stream's `requestEnd`. */
  // oxlint-disable-next-line max-params -- an options object here would be an object per request
  shortRequest(id: number, type: number, prefix: number, metadata: Uint8Array, data: Uint8Array): number {
    this.#writer.request(id, type, 0, prefix, metadata, data);
    this.#pace.share();
    this.#written();
    return this.#buffer.encodedBytes;
  }

  /** Says whether a payload of this size goes by reference. */
  isLong(metadata: Uint8Array, data: Uint8Array): boolean {
    return metadata.length + data.length > this.#options.longPayloadBytes;
  }

  payload(stream: RsocketStream, flags: number, metadata: Uint8Array, data: Uint8Array): void {
    if (stream.longPayloads !== undefined || metadata.length + data.length > this.#options.longPayloadBytes) {
      this.#long.add(stream, longPayload({ type: typePayload, flags, credit: 0, metadata, data }));
    } else {
      this.#writer.payload(stream.id, flags, metadata, data);
      this.#pace.share();
    }
    this.#written();
  }

  requestN(stream: RsocketStream, count: number): void {
    const first = stream.longPayloads?.[0];
    if (first !== undefined && first.type !== typePayload) {
      // The request has not begun: its own initial request-n takes the credit.
      first.credit += count;
      return;
    }
    this.#writer.requestN(stream.id, count);
    this.#written();
  }

  cancel(stream: RsocketStream): void {
    if (stream.requestEnd === neverWritten) return;
    this.#writer.cancel(stream.id);
    this.#written();
  }

  error(id: number, code: number, data: Uint8Array): void {
    this.#writer.error(id, code, data);
    this.#written();
  }

  keepAlive(isRespondWanted: boolean, data: Uint8Array): void {
    this.#writer.keepAlive(isRespondWanted ? flagRespond : 0, data);
    this.#written();
  }

  lease(ttlMs: number, requests: number): void {
    this.#writer.lease(ttlMs, requests);
    this.#written();
  }

  metadataPush(metadata: Uint8Array): void {
    this.#writer.metadataPush(metadata);
    this.#written();
  }

  /** Bytes that are a frame already, shorter than half a slab. */
  raw(bytes: Uint8Array): void {
    this.#writer.raw(bytes);
    this.#written();
  }

  /** Drops the payloads that a stream has not written. */
  drop(stream: RsocketStream): void {
    const first = stream.longPayloads?.[0];
    if (first === undefined) return;
    if (first.type !== typePayload) stream.requestEnd = neverWritten;
    this.#long.drop(stream);
  }

  /** Remembers a stream that was shown credit 0 although its peer allows more. */
  wait(stream: RsocketStream): void {
    if (stream.isWaiting) return;
    stream.isWaiting = true;
    this.#waiting.push(stream);
  }

  /** Hands over what is encoded, and a turn's worth of long payloads. Returns nothing; `whenSent` gets streams that are through. */
  flush(now: MonotonicMs, whenSent: (stream: RsocketStream) => void): void {
    this.#isFlushDue = false;
    if (!this.#long.isEmpty) this.#pump(now, whenSent);
    this.#buffer.flush();
    this.#isChoked = this.#target.bufferedBytes > this.#options.highWaterBytes;
    if (!this.#long.isEmpty && this.#target.bufferedBytes === 0 && this.#pace.isOpen) this.#askFlush();
    if (!this.#isChoked && this.#waiting.length > 0) this.#relieve();
  }

  /** The operating system took everything. */
  drained(): void {
    this.#buffer.drained();
    this.#isChoked = false;
    if (!this.#long.isEmpty) this.#askFlush();
    this.#relieve();
  }

  /** Nothing is sent any more. */
  close(): void {
    this.#long.clear();
    this.#buffer.clear();
    this.#waiting = [];
  }

  #pump(now: MonotonicMs, whenSent: (stream: RsocketStream) => void): void {
    const endBytes = this.#buffer.encodedBytes + this.#options.turnMaxBytes;
    while (!this.#long.isEmpty && this.#buffer.encodedBytes < endBytes && this.#mayPump()) {
      const before = this.#buffer.encodedBytes;
      const sent = this.#long.writeOne();
      const probe = this.#pace.wrote(now, this.#buffer.encodedBytes - before);
      if (probe > 0) this.#writer.keepAlive(flagRespond, probeBytes(probe));
      if (sent !== undefined) whenSent(sent);
    }
  }

  #mayPump(): boolean {
    return this.#pace.isOpen && this.#target.bufferedBytes < this.#options.turnMaxBytes;
  }

  #relieve(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const stream of waiting) {
      if (!stream.isWaiting) continue;
      stream.isWaiting = false;
      // Reading its credit puts it back on the list when there is none yet.
      stream.tellCredit();
    }
  }

  #written(): void {
    if (this.#target.bufferedBytes > this.#options.highWaterBytes) this.#isChoked = true;
    if (!this.#isFlushDue) this.#askFlush();
  }

  #askFlush(): void {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    this.#flushSoon();
  }
}

/** `requestEnd` of a request that was dropped before its first byte: nothing about it may be sent. */
const neverWritten = -1;

function probeBytes(probe: number): Uint8Array {
  const bytes = new Uint8Array(4);
  writeU32(bytes, 0, probe);
  return bytes;
}

function withPrefix(prefix: number, metadata: Uint8Array): Uint8Array {
  const joined = new Uint8Array(metadata.length + 1);
  joined[0] = prefix;
  joined.set(metadata, 1);
  return joined;
}
