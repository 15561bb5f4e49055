/**
 * rsocket-js 0.0.27 behind the `LinkEngine` seam: the library runs streams, this adapter frames, flushes, counts and ends them.
 * For interop and comparison, not for load. What the library cannot do stays so: it sends nothing in fragments, so a payload
 * above 16 MiB fails and a long one is not interleaved; a response without an item never settles at the asker; error data is
 * text; ids are not safe once 2^30 requests were made on a connection; items beyond credit are dropped by the library.
 */
import { emptyBytes } from '../../core/bytes.js';
import type { MonotonicMs } from '../../core/clock.js';
import { frameBytesMax } from '../../core/limits.js';
import { PayloadView } from '../../core/payload-view.js';
import { bytesToText, textToBytes } from '../../core/text.js';
import {
  type IncomingStream,
  type Interaction,
  type Link,
  type LinkEnd,
  type Stream,
  type StreamRequest,
  type StreamSink,
  streamErrorCodes,
} from '../../spi/links.js';
import type { RsocketEffects } from '../../protocol/rsocket/effects.js';
import type { EngineDeps } from '../../protocol/rsocket/engine.js';
import * as frame from '../../protocol/rsocket/frame.js';
import { FrameReader, type FrameTarget } from '../../protocol/rsocket/frame-reader.js';
import type { EngineOptions } from '../../protocol/rsocket/options.js';
import { decodeSetup, isSetupRefusal, type Setup, type SetupRefusal } from '../../protocol/rsocket/setup.js';
import { newCounters, type RsocketCounters } from '../../protocol/rsocket/stream.js';
import type { EngineFactory, LinkEngine } from './link-engine.js';
import { endlessMs, RsocketJsConnection, toErrorText, toNodeBytes } from './rsocket-js-connection.js';
import type { JsSocket, RsocketJs } from './rsocket-js-module.js';
import { openJsStream } from './rsocket-js-requester.js';
import { type BeginStream, createJsResponder, type JsEnds } from './rsocket-js-responder.js';
import { type JsPayload, type RsocketJsHost, RsocketJsStream } from './rsocket-js-stream.js';

/** Makes engines that run on rsocket-js; give it to `LinkManager` as `createEngine`. */
export function rsocketJsEngines(js: RsocketJs): EngineFactory {
  return (deps, options) => new RsocketJsEngine(js, deps, options);
}

class RsocketJsEngine implements LinkEngine, RsocketJsHost, FrameTarget {
  readonly counters: RsocketCounters = newCounters();
  readonly link: Link;
  metadataForm: 'scalebus' | 'composite' = 'scalebus';
  readonly #js: RsocketJs;
  readonly #deps: EngineDeps;
  readonly #options: EngineOptions;
  readonly #effects: RsocketEffects;
  readonly #reader: FrameReader;
  readonly #wire: RsocketJsConnection;
  readonly #streams = new Set<RsocketJsStream>();
  readonly #countByTag = new Int32Array(256);
  #socket: JsSocket | undefined;
  #state: 'setup' | 'held' | 'open' | 'closed' = 'setup';
  #heldSetup: Uint8Array = emptyBytes;
  #waiting = new Set<RsocketJsStream>();
  #isRefusing = false;
  #isFlushDue = false;
  #pending: Uint8Array[] = [];
  #encodedBytes = 0;
  #handedBytes = 0;

  constructor(js: RsocketJs, deps: EngineDeps, options: EngineOptions) {
    this.#js = js;
    this.#deps = deps;
    this.#options = options;
    this.#effects = deps.effects;
    this.link = deps.link;
    this.#reader = new FrameReader(options.strangerFrameMaxBytes);
    this.#wire = new RsocketJsConnection(
      js,
      (bytes) => this.#encoded(bytes),
      () => undefined,
    );
    if (!deps.isClient) this.#startServer();
  }

  get bufferedBytes(): number {
    return this.#deps.target.bufferedBytes + this.#encodedBytes - this.#handedBytes;
  }

  get isChoked(): boolean {
    return this.bufferedBytes > this.#options.highWaterBytes;
  }

  get streamCount(): number {
    return this.#streams.size;
  }

  /** The library sends nothing in fragments: all of it must fit one frame. */
  get payloadMaxBytes(): number {
    return frameBytesMax - frameHeadBytes;
  }

  start(setup: Setup): void {
    const { keepAliveMs, lifetimeMs, metadataMime, dataMime } = setup;
    this.#wire.times = { keepAliveMs, lifetimeMs };
    const client = new this.#js.core.RSocketClient<Uint8Array, Uint8Array>({
      setup: { keepAlive: endlessMs, lifetime: endlessMs, dataMimeType: dataMime, metadataMimeType: metadataMime },
      transport: this.#wire,
      responder: createJsResponder(this.#js, this.#beginStream),
    });
    this.#state = 'open';
    client.connect().subscribe({
      onComplete: (socket) => {
        this.#socket = socket;
      },
      onError: (error) => this.caught(error),
      onSubscribe: () => undefined,
    });
  }

  acceptSetup(): void {
    if (this.#state !== 'held') return;
    this.#state = 'open';
    this.#feed(this.#heldSetup);
    this.#reader.release(this);
  }

  refuseSetup(refusal: SetupRefusal): void {
    if (this.#state === 'held') this.shut(refusal.code, refusal.text);
  }

  trust(): void {
    this.#reader.frameMaxBytes = this.#options.frameMaxBytes;
  }

  receive(_now: MonotonicMs, bytes: Uint8Array): void {
    this.#reader.read(bytes, this);
  }

  open(_now: MonotonicMs, tag: number, request: StreamRequest, sink: StreamSink): Stream | 'down' | 'full' {
    const socket = this.#socket;
    if (this.#state !== 'open' || socket === undefined) return 'down';
    const isFull = this.bufferedBytes > this.#options.bufferedMaxBytes;
    if (isFull || this.#streams.size >= this.#options.streamsMax) return 'full';
    const stream = new RsocketJsStream(this, request.interaction, true);
    stream.sink = sink;
    this.#list(stream, Math.max(tag, 0));
    const payload = this.toPayload(tag < 0 ? request.metadata : withTag(tag, request.metadata), request.data);
    const credit = Math.max(1, Math.min(Math.floor(request.credit), frame.int31Max));
    openJsStream(this.#js, socket, stream, { payload, credit });
    stream.requestEnd = this.#encodedBytes;
    stream.releaseIfDone();
    return stream;
  }

  refuseRequests(): void {
    this.#isRefusing = true;
  }

  countOf(tag: number): number {
    return this.#countByTag[tag] ?? 0;
  }

  mark(incoming: IncomingStream, tag: number): void {
    const { stream } = incoming;
    if (!(stream instanceof RsocketJsStream)) return;
    if (this.#streams.has(stream)) {
      this.#count(stream.tag, -1);
      this.#count(tag, 1);
    }
    stream.tag = tag;
  }

  flush(): void {
    this.#isFlushDue = false;
    if (this.#state === 'closed') return;
    this.#write();
    if (!this.isChoked) this.#relieve();
  }

  drained(): void {
    if (this.#state !== 'closed') this.#relieve();
  }

  keepAlive(): void {
    if (this.#state !== 'open') return;
    this.#wire.sendOne({ type: 0x03, flags: frame.flagRespond, lastReceivedPosition: 0, streamId: 0 });
  }

  shut(code: number, text: string): void {
    if (this.#state === 'closed') return;
    this.#wire.sendOne({ type: 0x0b, streamId: 0, flags: 0, code, message: text });
    this.#write();
    this.freeze();
    this.#effects.onEnd({ by: 'self', code, text });
  }

  freeze(): void {
    this.#state = 'closed';
    this.#reader.stop();
    this.#pending = [];
  }

  ended(reason: LinkEnd): void {
    this.freeze();
    for (const stream of this.#streams) {
      stream.onLinkEnd(reason, !stream.isRequester || stream.requestEnd <= this.#handedBytes);
    }
    // Only now, so that the library's own word on its streams comes too late; it stops the library's timers.
    this.#wire.close();
  }

  // What the reader tells.

  onFrame(bytes: Uint8Array, start: number, end: number): void {
    if (end - start < frame.headerBytes) {
      this.#malformed();
      return;
    }
    const id = frame.readI32(bytes, start);
    const type = (bytes[start + 4] ?? 0) >>> 2;
    const own = bytes.slice(start, end);
    if (this.#state === 'setup') this.#onSetup(id, type, own);
    else if (id === 0 && type === frame.typeError) this.#onConnectionError(own);
    else this.#feed(own);
  }

  onOversize(length: number): void {
    this.counters.oversize += 1;
    this.shut(frame.connectionErrorCodes.connectionError, `a frame of ${length} bytes is too long`);
  }

  // What streams ask for.

  waitForCredit(stream: RsocketJsStream): void {
    this.#waiting.add(stream);
  }

  release(stream: RsocketJsStream): void {
    if (!this.#streams.delete(stream)) return;
    this.#waiting.delete(stream);
    this.#count(stream.tag, -1);
  }

  caught(error: unknown): void {
    this.counters.callbackFailures += 1;
    this.#effects.onCallbackFailed(error);
  }

  toPayload(metadata: Uint8Array, data: Uint8Array): JsPayload {
    const body = toNodeBytes(this.#js, data);
    return metadata.length === 0 ? { data: body } : { data: body, metadata: toNodeBytes(this.#js, metadata) };
  }

  toError(code: number, text: string): Error {
    return new Error(toErrorText(code, text));
  }

  #onSetup(id: number, type: number, bytes: Uint8Array): void {
    if (id !== 0 || type !== frame.typeSetup) {
      this.shut(frame.connectionErrorCodes.invalidSetup, 'SETUP must come first');
      return;
    }
    const setup = decodeSetup(bytes);
    const answer = isSetupRefusal(setup) ? setup : this.#effects.onSetup(setup);
    if (typeof answer !== 'string') {
      this.counters.refused += 1;
      this.shut(answer.code, answer.text);
    } else if (answer === 'wait') {
      this.#state = 'held';
      this.#heldSetup = bytes;
      this.#reader.hold();
    } else {
      this.#state = 'open';
      this.#feed(bytes);
    }
  }

  #onConnectionError(bytes: Uint8Array): void {
    if (bytes.length < frame.headerBytes + 4) {
      this.#malformed();
      return;
    }
    const text = bytesToText(bytes.subarray(frame.headerBytes + 4, frame.headerBytes + 260));
    this.freeze();
    this.#effects.onEnd({ by: 'peer', code: frame.readI32(bytes, frame.headerBytes), text });
  }

  #feed(bytes: Uint8Array): void {
    try {
      this.#wire.feed(bytes);
    } catch {
      // The library throws at what it cannot read; that is the peer's fault and ends nothing but the frame.
      this.#malformed();
    }
  }

  #malformed(): void {
    this.counters.malformed += 1;
    if (this.counters.malformed <= this.#options.malformedMax) return;
    this.shut(frame.connectionErrorCodes.connectionError, 'too many malformed frames');
  }

  #startServer(): void {
    const server = new this.#js.core.RSocketServer<Uint8Array, Uint8Array>({
      transport: {
        start: () => this.#js.flowable.Flowable.just(this.#wire),
        stop: () => undefined,
      },
      getRequestHandler: (socket) => {
        this.#socket = socket;
        return createJsResponder(this.#js, this.#beginStream);
      },
    });
    server.start();
  }

  /** Hands a request to its acceptor. */
  readonly #beginStream: BeginStream = (interaction, payload, ends) => this.#begin(interaction, payload, ends);

  #begin(interaction: Interaction, payload: JsPayload, ends: JsEnds): RsocketJsStream {
    const stream = new RsocketJsStream(this, interaction, false);
    stream.down = ends.down;
    stream.up = ends.up;
    stream.sendCredit = ends.credit;
    stream.payload = PayloadView.of(payload.metadata ?? emptyBytes, payload.data ?? emptyBytes);
    this.#list(stream, 0);
    if (this.#isRefusing || this.#streams.size > this.#options.streamsMax) {
      this.counters.refused += 1;
      stream.fail(
        streamErrorCodes.rejected,
        textToBytes(this.#isRefusing ? 'this node is leaving' : 'too many streams'),
      );
    } else {
      try {
        stream.sink = this.#effects.onRequest(stream);
      } catch (error) {
        this.caught(error);
        stream.fail(streamErrorCodes.applicationError, textToBytes('the acceptor failed'));
      }
    }
    stream.releaseIfDone();
    return stream;
  }

  #list(stream: RsocketJsStream, tag: number): void {
    stream.tag = tag;
    this.#streams.add(stream);
    this.#count(tag, 1);
  }

  #count(tag: number, change: number): void {
    this.#countByTag[tag] = (this.#countByTag[tag] ?? 0) + change;
  }

  #encoded(bytes: Uint8Array): void {
    if (this.#state === 'closed') return;
    this.#pending.push(bytes);
    this.#encodedBytes += bytes.length;
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    this.#effects.flushSoon();
  }

  #write(): void {
    const pending = this.#pending;
    this.#pending = [];
    for (const bytes of pending) {
      this.#handedBytes += bytes.length;
      this.#deps.target.write(bytes);
    }
  }

  #relieve(): void {
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const stream of waiting) stream.tellCredit();
  }
}

/** What a frame has beside metadata and data: its header, an initial request-n, the length of the metadata, and our tag. */
const frameHeadBytes = frame.headerBytes + 4 + frame.metadataLengthBytes + 1;

function withTag(tag: number, metadata: Uint8Array): Uint8Array {
  const tagged = new Uint8Array(metadata.length + 1);
  tagged[0] = tag;
  tagged.set(metadata, 1);
  return tagged;
}
