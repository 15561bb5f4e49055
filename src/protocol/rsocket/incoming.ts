import type { MonotonicMs } from '../../core/clock.js';
import type { PayloadView } from '../../core/payload-view.js';
import { plainErrorBody } from '../../core/error-body.js';
import { textToBytes } from '../../core/text.js';
import { type StreamSink, streamErrorCodes } from '../../spi/links.js';
import { Assemblies } from './assemblies.js';
import * as frame from './frame.js';
import { interactionOf } from './interaction.js';
import type { LeaseBook } from './lease-book.js';
import type { EngineOptions } from './options.js';
import type { Question } from './question.js';
import type { SlabPool } from './send-buffer.js';
import { RsocketStream, type StreamHost } from './stream.js';
import type { Streams } from './streams.js';

/** The parts of one engine that frames go to. */
export interface IncomingParts {
  readonly host: IncomingHost;
  readonly streams: Streams;
  readonly lease: LeaseBook;
  readonly pool: SlabPool;
}

/** The receiving half of a connection for frames of streams. Illegal ones are answered as the head of engine.ts says. */
export class Incoming {
  /** New requests are refused as not executed. */
  isRefusing = false;
  readonly #host: IncomingHost;
  readonly #streams: Streams;
  readonly #lease: LeaseBook;
  readonly #options: EngineOptions;
  readonly #metadataMaxBytes: number;
  readonly #assemblies: Assemblies;

  constructor({ host, streams, lease, pool }: IncomingParts, options: EngineOptions) {
    this.#host = host;
    this.#streams = streams;
    this.#lease = lease;
    this.#options = options;
    this.#metadataMaxBytes = options.metadataMaxBytes;
    this.#assemblies = new Assemblies(options, pool);
  }

  /** Bytes of unfinished payloads. */
  get assemblyBytes(): number {
    return this.#assemblies.bytes;
  }

  /** Drops the fragments of a stream. */
  dropAssembly(stream: RsocketStream): void {
    this.#assemblies.take(stream)?.drop();
  }

  /** A frame with a stream id; returns false when its type has no meaning there. */
  onFrame(id: number, bytes: Uint8Array, start: number, end: number): boolean {
    const mark = ((bytes[start + 4] ?? 0) << 8) | (bytes[start + 5] ?? 0);
    const at = start + frame.headerBytes;
    const type = mark >>> 10;
    switch (type) {
      case frame.typePayload:
        this.#onPayload(id, mark, this.#show(mark, bytes, at, end));
        return true;
      case frame.typeRequestResponse:
      case frame.typeRequestFnf:
        this.#onRequest(id, mark, 1, this.#show(mark, bytes, at, end));
        return true;
      case frame.typeRequestStream:
      case frame.typeRequestChannel:
        if (end - at < 4) this.#host.onMalformed();
        else this.#onRequest(id, mark, frame.readI32(bytes, at), this.#show(mark, bytes, at + 4, end));
        return true;
      case frame.typeRequestN:
        if (end - at < 4) this.#host.onMalformed();
        else this.#onRequestN(id, frame.readI32(bytes, at));
        return true;
      case frame.typeCancel:
        this.#known(id)?.onCancel();
        return true;
      case frame.typeError:
        if (end - at < 4) this.#host.onMalformed();
        else this.#onError(id, frame.readI32(bytes, at), bytes.slice(at + 4, end));
        return true;
      default:
        return this.#onExtension(id, type, bytes.subarray(at, end));
    }
  }

  /** Of EXT only the announcement of a length is known, and only for a payload that has begun. */
  #onExtension(id: number, type: number, body: Uint8Array): boolean {
    if (type !== frame.typeExt || body.length < 8) return false;
    if (frame.readI32(body, 0) !== frame.extendedTypeLength) return false;
    const stream = this.#streams.find(id);
    return stream !== undefined && this.#assemblies.announce(stream, frame.readI32(body, 4));
  }

  /** Points the view at a frame's metadata and data; `undefined` when the metadata is longer than the frame. */
  #show(mark: number, bytes: Uint8Array, at: number, end: number): PayloadView | undefined {
    if ((mark & frame.flagMetadata) === 0) return this.#host.view.set(bytes, at, at, end);
    if (end - at < frame.metadataLengthBytes) return undefined;
    const dataStart = at + frame.metadataLengthBytes + frame.readU24(bytes, at);
    return dataStart > end ? undefined : this.#host.view.set(bytes, at + frame.metadataLengthBytes, dataStart, end);
  }

  #onPayload(id: number, flags: number, view: PayloadView | undefined): void {
    const question = this.#streams.findQuestion(id);
    if (question !== undefined && view !== undefined && this.#isWhole(flags, view)) {
      this.#answer(question, view);
      return;
    }
    const stream = this.#known(id);
    if (stream === undefined) return;
    if (view === undefined) {
      this.#host.onMalformed();
      return;
    }
    // "A PAYLOAD with both F and C flags set implicitly ignores the F flag" (Handling the Unexpected, 8).
    const follows = (flags & frame.flagFollows) !== 0 && (flags & frame.flagComplete) === 0;
    if (stream.assembly === undefined && !follows) {
      if (view.metadataLength > this.#metadataMaxBytes) this.#refuse(stream, 'too-large');
      else stream.onPayload(flags, view);
    } else if (stream.assembly === undefined && !stream.isReceiving) this.#host.counters.late += 1;
    else this.#onFragment(stream, flags, follows, view);
  }

  /** Says whether a payload is an answer in one frame, as nearly all are. */
  #isWhole(flags: number, view: PayloadView): boolean {
    if (view.metadataLength > this.#metadataMaxBytes || (flags & frame.flagNext) === 0) return false;
    return (flags & (frame.flagFollows | frame.flagComplete)) !== frame.flagFollows;
  }

  #answer(question: Question, view: PayloadView): void {
    // Ended before it is told, as a stream is.
    this.#streams.removeQuestion(question);
    try {
      question.sink.onNext(view);
      question.sink.onComplete();
    } catch (error) {
      this.#host.caught(error);
    }
  }

  #onFragment(stream: RsocketStream, flags: number, follows: boolean, fragment: PayloadView): void {
    const result = this.#assemblies.add(stream, flags, fragment);
    if (result !== 'added') {
      this.#refuse(stream, result);
      return;
    }
    if (follows) return;
    const assembly = this.#assemblies.take(stream);
    if (assembly === undefined) return;
    const view = assembly.show(this.#host.view);
    if (assembly.type === frame.typePayload) stream.onPayload(assembly.flags, view);
    else this.#begin(stream, assembly.flags);
  }

  #refuse(stream: RsocketStream, why: 'too-large' | 'malformed'): void {
    if (why === 'too-large') this.#host.counters.oversize += 1;
    else this.#host.counters.malformed += 1;
    if (why === 'too-large') stream.refuse('too-large', 'the payload or its metadata is too long');
    else stream.refuse('protocol', 'metadata after data');
  }

  #onRequest(id: number, mark: number, credit: number, view: PayloadView | undefined): void {
    if (view === undefined) {
      this.#host.onMalformed();
      return;
    }
    if (this.#streams.isLocalId(id) || this.#streams.find(id) !== undefined) {
      this.#host.counters.ignored += 1;
      return;
    }
    const type = mark >>> 10;
    const refusal = view.metadataLength > this.#metadataMaxBytes ? longRefusal : this.#findRefusal(credit);
    if (refusal !== undefined) {
      if (refusal === longRefusal) this.#host.counters.oversize += 1;
      else this.#host.counters.refused += 1;
      if (type !== frame.typeRequestFnf) this.#host.answerError(id, refusal.code, refusal.data);
      return;
    }
    const stream = new RsocketStream(this.#host, id, interactionOf(type), false);
    stream.isSending = type !== frame.typeRequestFnf;
    stream.isReceiving = type === frame.typeRequestChannel;
    stream.sendCredit = credit;
    const follows = (mark & frame.flagFollows) !== 0;
    if (follows || stream.isSending) this.#streams.add(stream, 0);
    if (!follows) {
      this.#begin(stream, mark);
      return;
    }
    // A requester of a channel completes with the last fragment, so C beside F is kept for it.
    this.#onFragment(stream, mark & frame.flagComplete, true, view);
    if (stream.assembly !== undefined) stream.assembly.type = type;
  }

  #begin(stream: RsocketStream, flags: number): void {
    try {
      stream.sink = this.#host.accept(stream);
    } catch (error) {
      this.#host.caught(error);
      stream.fail(streamErrorCodes.applicationError, acceptorFailed);
    }
    if (stream.interaction === 'channel' && (flags & frame.flagComplete) !== 0 && stream.isReceiving) {
      stream.onRemoteComplete();
    }
    // A long fire-and-forget request was listed for its fragments only.
    this.#host.releaseIfDone(stream);
  }

  #findRefusal(credit: number): { readonly code: number; readonly data: Uint8Array } | undefined {
    if (credit < 1) return creditRefusal;
    if (this.isRefusing) return leavingRefusal;
    if (this.#streams.remoteCount >= this.#options.streamsMax) return fullRefusal;
    return this.#lease.takePeer(this.#host.now) ? undefined : leaseRefusal;
  }

  #onRequestN(id: number, count: number): void {
    if (count < 1) this.#host.counters.ignored += 1;
    else this.#known(id)?.onRequestN(count);
  }

  #onError(id: number, code: number, data: Uint8Array): void {
    const stream = this.#known(id);
    if (stream === undefined) return;
    // Only a requester gets ERROR, or a responder of a channel (Stream Sequences and Lifetimes).
    if (stream.isRequester || stream.interaction === 'channel') stream.onError(code, data);
    else this.#host.counters.ignored += 1;
  }

  /** The stream of an id, or `undefined` after counting a frame that came too late for it. */
  #known(id: number): RsocketStream | undefined {
    const stream = this.#streams.find(id);
    if (stream === undefined) this.#host.counters.late += 1;
    return stream;
  }
}

/** What the receiving half asks of its connection. */
export interface IncomingHost extends StreamHost {
  /** When the bytes came. */
  readonly now: MonotonicMs;
  /** Hands a request to its acceptor; may throw what the acceptor throws. */
  accept(stream: RsocketStream): StreamSink;
  answerError(id: number, code: number, data: Uint8Array): void;
  /** Counts a frame that cannot be read, and ends the connection when there are too many. */
  onMalformed(): void;
}

const acceptorFailed = textToBytes('the acceptor failed');
const creditRefusal = { code: streamErrorCodes.invalid, data: textToBytes('initial request-n must be above 0') };
const longRefusal = {
  code: streamErrorCodes.invalid,
  data: plainErrorBody('too-large', 'the metadata is too long'),
};
const leavingRefusal = { code: streamErrorCodes.rejected, data: textToBytes('this node is leaving') };
const fullRefusal = { code: streamErrorCodes.rejected, data: textToBytes('too many streams') };
const leaseRefusal = { code: streamErrorCodes.rejected, data: textToBytes('beyond the lease') };
