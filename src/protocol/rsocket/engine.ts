/**
 * One RSocket 1.0 connection as a machine without input or output of its own: bytes in by `receive`, bytes out through a
 * `ByteTarget`, decisions to its owner by `RsocketEffects`.
 *
 * Rule broken: a machine here takes `out` at construction, not with each call, because streams are called by their users at any
 * time and would otherwise need it in every method of the `Stream` door.
 *
 * Illegal input and its answer (RSocket 1.0; the sections are those of the specification):
 * - first frame is no SETUP: ERROR INVALID_SETUP, close (Connection Establishment); RESUME: ERROR REJECTED_RESUME, close
 * - SETUP of another version, or with resume: ERROR UNSUPPORTED_SETUP, close (Setup Frame); malformed: INVALID_SETUP, close
 * - frame above the limit: ERROR CONNECTION_ERROR, close; the rest cannot be framed (Framing Format)
 * - frame too short for its fields, metadata longer than its frame: ignored (Metadata Optional Header); more than
 *   `malformedMax` of them: CONNECTION_ERROR, close
 * - KEEPALIVE that wants more than 1 KiB echoed: CONNECTION_ERROR, close (Keepalive Frame; it states no bound)
 * - unknown type or EXT: ignored with the I flag, else CONNECTION_ERROR, close (Handling Ignore Flag)
 * - second SETUP, SETUP to a client, SETUP_ERROR to a server, RESUME later: ignored (Handling the Unexpected, 9)
 * - request on an id in use or of this side's parity: ignored (Handling the Unexpected, 9.1; Stream Identifiers)
 * - request with initial request-n below 1: ERROR INVALID (Request Stream Frame); REQUEST_N below 1: ignored
 * - request above the limit of streams or the lease, or while refusing: ERROR REJECTED (Lease Semantics, Error Codes)
 * - PAYLOAD, CANCEL, ERROR, REQUEST_N on an unknown id: ignored (Handling the Unexpected, 9.2-9.4)
 * - more items than requested, payload or metadata above the limit, metadata after data: this stream ends, ERROR INVALID or
 *   CANCEL; a request whose first frame has metadata above the limit: ERROR INVALID (Error Codes)
 */
import { emptyBytes } from '../../core/bytes.js';
import type { MonotonicMs } from '../../core/clock.js';
import { PayloadView } from '../../core/payload-view.js';
import { textToBytes } from '../../core/text.js';
import type { Link, LinkEnd, Stream, StreamRequest, StreamSink } from '../../spi/links.js';
import { ConnectionFrames, type ConnectionHost } from './connection-frames.js';
import type { EngineEnd, RsocketEffects } from './effects.js';
import * as frame from './frame.js';
import { FrameReader } from './frame-reader.js';
import { Incoming, type IncomingHost } from './incoming.js';
import { requestTypes, toCredit } from './interaction.js';
import { LeaseBook } from './lease-book.js';
import type { EngineOptions } from './options.js';
import { Outgoing } from './outgoing.js';
import type { ByteTarget, SlabPool } from './send-buffer.js';
import { Question, type QuestionHost } from './question.js';
import { encodeSetup, type Setup, type SetupRefusal } from './setup.js';
import { newCounters, type RsocketCounters, RsocketStream } from './stream.js';
import { Streams } from './streams.js';

/** One connection. Its owner calls it with what happens and carries out what it says. */
export class RsocketEngine implements IncomingHost, ConnectionHost, QuestionHost {
  readonly link: Link;
  readonly view: PayloadView = new PayloadView();
  readonly counters: RsocketCounters = newCounters();
  /** How the metadata of the peer's requests reads; a stock client's is composite. */
  metadataForm: 'scalebus' | 'composite' = 'scalebus';
  now: MonotonicMs;
  readonly #effects: RsocketEffects;
  readonly #options: EngineOptions;
  readonly #reader: FrameReader;
  readonly #out: Outgoing;
  readonly #lease: LeaseBook = new LeaseBook();
  readonly #streams: Streams;
  readonly #incoming: Incoming;
  readonly #connection: ConnectionFrames;
  readonly #ended: RsocketStream;
  #state: 'setup' | 'held' | 'open' | 'closed' = 'setup';

  constructor(deps: EngineDeps, options: EngineOptions) {
    this.link = deps.link;
    this.#effects = deps.effects;
    this.#options = options;
    this.now = deps.now;
    this.#reader = new FrameReader(options.strangerFrameMaxBytes);
    this.#out = new Outgoing(deps.target, deps.pool, options, () => deps.effects.flushSoon());
    this.#streams = new Streams(deps.isClient, options.firstStreamId);
    this.#incoming = new Incoming({ host: this, streams: this.#streams, lease: this.#lease, pool: deps.pool }, options);
    this.#connection = new ConnectionFrames(this, {
      effects: deps.effects,
      lease: this.#lease,
      isClient: deps.isClient,
    });
    this.#ended = new RsocketStream(this, 0, 'fire-and-forget', true);
  }

  get isChoked(): boolean {
    return this.#out.isChoked;
  }

  /** Bytes that wait for the operating system. */
  get bufferedBytes(): number {
    return this.#out.bufferedBytes;
  }

  /** Everything that was said is handed to the connection. */
  get isFlushed(): boolean {
    return this.#out.isFlushed;
  }

  /** Streams open in both directions. */
  get streamCount(): number {
    return this.#streams.localCount + this.#streams.remoteCount;
  }

  /** As much as both sides take, less the tag that goes before the metadata. */
  get payloadMaxBytes(): number {
    return this.#options.payloadMaxBytes - 1;
  }

  /** Bytes of unfinished payloads. */
  get assemblyBytes(): number {
    return this.#incoming.assemblyBytes;
  }

  /** Opens the connection of a client. */
  start(setup: Setup): void {
    this.#lease.isLeased = setup.isLeased;
    this.#state = 'open';
    this.#out.raw(encodeSetup(setup));
  }

  /** Takes the SETUP that `onSetup` left waiting, and goes on with what came behind it. */
  acceptSetup(): void {
    if (this.#state !== 'held') return;
    this.#state = 'open';
    this.#reader.release(this);
  }

  /** Refuses the SETUP that `onSetup` left waiting. */
  refuseSetup(refusal: SetupRefusal): void {
    if (this.#state === 'held') this.shut(refusal.code, refusal.text);
  }

  /** The peer proved who it is, and named what it knows beyond RSocket: frames of full length are taken. */
  trust(capabilities: ReadonlySet<string> = noCapabilities): void {
    this.#reader.frameMaxBytes = this.#options.frameMaxBytes;
    if (capabilities.has(longCapability)) this.#out.trust();
  }

  /** Bytes came; they are lent for the call. */
  receive(now: MonotonicMs, bytes: Uint8Array): void {
    this.now = now;
    this.view.chunk = bytes;
    this.view.chunkNumber += 1;
    this.#reader.read(bytes, this);
    this.view.chunk = undefined;
  }

  /**
   * Opens a stream. `tag` is the byte that goes before the metadata, or -1 for none. `'full'` means the limit of streams or of
   * the buffer, or no lease; nothing was sent then.
   */
  open(now: MonotonicMs, tag: number, request: StreamRequest, sink: StreamSink): Stream | 'down' | 'full' {
    if (this.#state !== 'open') return 'down';
    if (this.#streams.localCount >= this.#options.streamsMax || this.#out.isFull) return 'full';
    if (!this.#lease.takeOwn(now)) return 'full';
    const { interaction, metadata, data } = request;
    const isOneWay = interaction === 'fire-and-forget';
    const isResponse = interaction === 'response';
    if ((isResponse || isOneWay) && !this.#out.isLong(metadata, data)) {
      if (isResponse) return this.#ask(tag, metadata, data, sink);
      this.#out.shortRequest(this.#streams.takeId(), frame.typeRequestFnf, tag, metadata, data);
      return this.#ended;
    }
    const stream = new RsocketStream(this, this.#streams.takeId(), interaction, true);
    stream.sink = sink;
    const credit = isResponse ? 1 : toCredit(request.credit);
    stream.granted = credit;
    stream.isReceiving = !isOneWay;
    stream.isSending = interaction === 'channel';
    this.#streams.add(stream, tag < 0 ? 0 : tag);
    this.#out.request(stream, requestTypes[interaction], isOneWay || isResponse ? 0 : credit, tag, metadata, data);
    return stream;
  }

  #ask(tag: number, metadata: Uint8Array, data: Uint8Array, sink: StreamSink): Stream {
    const question = new Question(this, this.#streams.takeId(), tag < 0 ? 0 : tag, sink);
    this.#streams.addQuestion(question);
    question.requestEnd = this.#out.shortRequest(question.id, frame.typeRequestResponse, tag, metadata, data);
    return question;
  }

  /** Refuses new requests of the peer from now on, as not executed. */
  refuseRequests(): void {
    this.#incoming.isRefusing = true;
  }

  /** Open streams of both sides under one tag. */
  countOf(tag: number): number {
    return this.#streams.countByTag[tag] ?? 0;
  }

  /** Marks a stream of the peer, so that it is counted under that tag. */
  mark(stream: RsocketStream, tag: number): void {
    this.#streams.mark(stream, tag);
  }

  /** Hands over what is encoded. The owner calls it once after each `flushSoon`. */
  flush(now: MonotonicMs): void {
    this.now = now;
    if (this.#state !== 'closed') this.#out.flush(now, this.#whenSent);
  }

  /** The connection's `bufferedBytes` is 0 again. */
  drained(): void {
    if (this.#state !== 'closed') this.#out.drained();
  }

  /** Sends KEEPALIVE and asks for an answer. */
  keepAlive(): void {
    if (this.#state === 'open') this.#out.keepAlive(true, emptyBytes);
  }

  /** Allows the peer `requests` for `ttlMs`; only where SETUP asked for leases. */
  grantLease(now: MonotonicMs, ttlMs: number, requests: number): void {
    if (this.#state !== 'open' || !this.#lease.isLeased) return;
    this.#lease.grant(ttlMs, requests, now);
    this.#out.lease(ttlMs, requests);
  }

  /** Sends METADATA_PUSH, at most `longPayloadBytes`. */
  pushMetadata(metadata: Uint8Array): void {
    if (this.#state === 'open' && metadata.length <= this.#options.longPayloadBytes) this.#out.metadataPush(metadata);
  }

  /** Says why and ends the connection. The owner learns it by `onEnd`. */
  shut(code: number, text: string): void {
    this.#end({ by: 'self', code, text });
  }

  /** The connection is gone: nothing is written or read from here on. `ended` tells the streams. */
  freeze(): void {
    this.#state = 'closed';
    this.#reader.stop();
  }

  /** The connection is gone, for whatever reason: every stream learns it. Idempotent. */
  ended(reason: LinkEnd): void {
    this.freeze();
    for (const stream of this.#streams.all()) {
      if (stream.isListed) stream.onLinkEnd(reason, !stream.isRequester || this.#out.wasWritten(stream));
    }
    this.#out.close();
  }

  // What the reader tells.

  onFrame(bytes: Uint8Array, start: number, end: number): void {
    const id = end - start < frame.headerBytes ? -1 : frame.readI32(bytes, start);
    if (id < 0) {
      this.onMalformed();
      return;
    }
    const mark = ((bytes[start + 4] ?? 0) << 8) | (bytes[start + 5] ?? 0);
    if (this.#state === 'setup') this.#connection.onFirstFrame(id, mark, bytes.subarray(start, end));
    else if (id === 0) this.#connection.onFrame(mark, bytes, start, end);
    else if (!this.#incoming.onFrame(id, bytes, start, end)) this.#connection.onOddFrame(mark);
  }

  onOversize(length: number): void {
    this.counters.oversize += 1;
    this.shut(frame.connectionErrorCodes.connectionError, `a frame of ${length} bytes is too long`);
  }

  // What the connection's own frames ask for.

  /** The peer's SETUP is taken, or waits for `acceptSetup`. */
  beginOpen(isLeased: boolean, waits: boolean): void {
    this.#lease.isLeased = isLeased;
    this.#state = waits ? 'held' : 'open';
    if (waits) this.#reader.hold();
  }

  onProbe(probe: number): void {
    this.#out.onProbe(this.now, probe);
  }

  answerKeepAlive(data: Uint8Array): void {
    if (this.#state !== 'open') return;
    this.#out.keepAlive(false, data);
    this.#checkAnswers();
  }

  /** The peer said why it ends the connection. */
  endByPeer(code: number, text: string): void {
    this.#end({ by: 'peer', code, text });
  }

  // What streams ask for.

  waitForCredit(stream: RsocketStream): void {
    this.#out.wait(stream);
  }

  sendPayload(stream: RsocketStream, flags: number, metadata: Uint8Array, data: Uint8Array): void {
    if (this.#state === 'open') this.#out.payload(stream, flags, metadata, data);
  }

  keeps(stream: RsocketStream, data: Uint8Array): boolean {
    return stream.longPayloads !== undefined || this.#out.isLong(emptyBytes, data);
  }

  sendError(stream: RsocketStream, code: number, data: Uint8Array): void {
    this.answerError(stream.id, code, data);
  }

  sendRequestN(stream: RsocketStream, count: number): void {
    if (this.#state === 'open') this.#out.requestN(stream, count);
  }

  sendCancel(stream: RsocketStream): void {
    if (this.#state === 'open') this.#out.cancel(stream);
  }

  withdraw({ id, sink }: Question): void {
    const stream = this.#streams.find(id);
    if (stream?.sink === sink) stream.cancel();
  }

  dropAssembly(stream: RsocketStream): void {
    this.#incoming.dropAssembly(stream);
  }

  dropPayloads(stream: RsocketStream): void {
    this.#out.drop(stream);
  }

  release(stream: RsocketStream): void {
    if (!stream.isListed) return;
    this.#streams.remove(stream);
    stream.isWaiting = false;
    if (stream.assembly !== undefined) this.#incoming.dropAssembly(stream);
    if (stream.longPayloads !== undefined) this.#out.drop(stream);
  }

  releaseIfDone(stream: RsocketStream): void {
    if (!stream.isSending && !stream.isReceiving && stream.longPayloads === undefined) this.release(stream);
  }

  caught(error: unknown): void {
    this.counters.callbackFailures += 1;
    this.#effects.onCallbackFailed(error);
  }

  accept(stream: RsocketStream): StreamSink {
    return this.#effects.onRequest(stream);
  }

  onMalformed(): void {
    this.counters.malformed += 1;
    if (this.#state === 'setup') this.shut(frame.connectionErrorCodes.invalidSetup, 'SETUP must come first');
    else if (this.counters.malformed > this.#options.malformedMax) {
      this.shut(frame.connectionErrorCodes.connectionError, 'too many malformed frames');
    }
  }

  answerError(id: number, code: number, data: Uint8Array): void {
    if (this.#state !== 'open') return;
    this.#out.error(id, code, data);
    this.#checkAnswers();
  }

  /** A peer that makes us answer and never reads would fill our memory. */
  #checkAnswers(): void {
    if (this.#out.isChoked && this.#out.isFull) {
      this.shut(frame.connectionErrorCodes.connectionError, 'answers are not read');
    }
  }

  readonly #whenSent = (stream: RsocketStream): void => {
    this.releaseIfDone(stream);
    if (!stream.isWaiting) return;
    stream.isWaiting = false;
    stream.tellCredit();
  };

  #end(end: EngineEnd): void {
    if (this.#state === 'closed') return;
    if (end.by === 'self') this.#out.error(0, end.code, textToBytes(end.text));
    this.#out.flush(this.now, this.#whenSent);
    this.#state = 'closed';
    this.#reader.stop();
    this.#effects.onEnd(end);
  }
}

/** What a connection needs. */
export interface EngineDeps {
  readonly isClient: boolean;
  /** What streams show as their link. */
  readonly link: Link;
  readonly target: ByteTarget;
  readonly pool: SlabPool;
  readonly effects: RsocketEffects;
  readonly now: MonotonicMs;
}

/** What hello calls it when a build reads announced lengths of payloads in fragments, and answers the probes that pace them. */
export const longCapability = 'rsocket-long';

const noCapabilities: ReadonlySet<string> = new Set();
