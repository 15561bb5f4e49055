/**
 * The one stream machine for the four interactions (Stream Sequences and Lifetimes). A stream is two directions, each open or
 * done; an interaction only says how they start:
 *
 *     interaction      requester sends   requester receives
 *     fire-and-forget  done              done
 *     response         done              open, one item
 *     stream           done              open
 *     channel          open, no credit   open
 *
 * Transitions: an item with COMPLETE ends a direction; ERROR ends both; a requester's CANCEL ends both; a responder's CANCEL ends
 * the requester's direction of a channel. A stream leaves the table when both are done and its last payload is written.
 *
 * Deviation from `Stream.cancel` as the door words it: a responder that cancels a channel still hears of its own direction.
 */
import { assert } from '../../core/assert.js';
import { emptyBytes } from '../../core/bytes.js';
import type { PayloadView } from '../../core/payload-view.js';
import { plainErrorBody } from '../../core/error-body.js';
import { textToBytes } from '../../core/text.js';
import {
  type IncomingStream,
  type Interaction,
  type Link,
  type LinkEnd,
  type Stream,
  type StreamSink,
  streamErrorCodes,
} from '../../spi/links.js';
import type { Assembly } from './assembly.js';
import { flagComplete, flagNext, int31Max } from './frame.js';
import type { LongPayload } from './long-payloads.js';

/** A stream of one connection. Users see it as `Stream` and `IncomingStream`; the rest belongs to the engine. */
export class RsocketStream implements Stream, IncomingStream {
  readonly id: number;
  readonly interaction: Interaction;
  readonly isRequester: boolean;
  /** What the owner of the connection marks it with: the kind byte. */
  tag = 0;
  sink: StreamSink = deafSink;
  /** Items that the peer allows. */
  sendCredit = 0;
  /** Items that the peer may still send. */
  granted = 0;
  isSending = false;
  isReceiving = false;
  /** Fragments of a payload that is coming in. */
  assembly: Assembly | undefined;
  /** Payloads too long for the slab, and what must follow them, in order. */
  longPayloads: LongPayload[] | undefined;
  /** The request is on the wire as far as this count of encoded bytes; infinite until all of it is encoded. */
  requestEnd = 0;
  /** In the engine's table. */
  isListed = false;
  /** In the engine's list of streams that were shown credit 0 for a full buffer. */
  isWaiting = false;
  readonly #host: StreamHost;

  constructor(host: StreamHost, id: number, interaction: Interaction, isRequester: boolean) {
    this.#host = host;
    this.id = id;
    this.interaction = interaction;
    this.isRequester = isRequester;
  }

  get link(): Link {
    return this.#host.link;
  }

  get stream(): Stream {
    return this;
  }

  get payload(): PayloadView {
    return this.#host.view;
  }

  get metadataForm(): 'scalebus' | 'composite' {
    return this.#host.metadataForm;
  }

  get isOpen(): boolean {
    return this.isSending || this.isReceiving;
  }

  get credit(): number {
    if (!this.isSending || this.sendCredit === 0) return 0;
    // An answer goes out whatever waits: it is the only one, and calls are bounded by the limit of streams.
    if (this.interaction === 'response') return this.sendCredit;
    if (!this.#host.isChoked && this.longPayloads === undefined) return this.sendCredit;
    this.#host.waitForCredit(this);
    return 0;
  }

  next(metadata: Uint8Array, data: Uint8Array): void {
    this.#send(this.interaction === 'response' ? flagNext | flagComplete : flagNext, metadata, data);
  }

  nextLent(data: Uint8Array): void {
    this.#send(flagNext, emptyBytes, this.#host.keeps(this, data) ? new Uint8Array(data) : data);
  }

  nextAndComplete(metadata: Uint8Array, data: Uint8Array): void {
    this.#send(flagNext | flagComplete, metadata, data);
  }

  complete(): void {
    if (!this.isSending) return;
    this.isSending = false;
    this.#host.sendPayload(this, flagComplete, emptyBytes, emptyBytes);
    this.#host.releaseIfDone(this);
  }

  fail(code: number, data: Uint8Array): void {
    if (!this.isOpen) return;
    if (this.isRequester && this.interaction !== 'channel') {
      this.cancel();
      return;
    }
    this.end();
    this.#host.sendError(this, code, data);
  }

  request(count: number): void {
    if (!this.isReceiving || count < 1 || this.interaction === 'response') return;
    const more = Math.min(Math.floor(count), int31Max - this.granted);
    if (more < 1) return;
    this.granted += more;
    this.#host.sendRequestN(this, more);
  }

  cancel(): void {
    if (this.isRequester) {
      if (!this.isOpen) return;
      this.end();
      this.#host.sendCancel(this);
    } else if (this.isReceiving) {
      this.isReceiving = false;
      this.#host.dropAssembly(this);
      this.#host.sendCancel(this);
      this.#host.releaseIfDone(this);
    }
  }

  /** A whole payload came. */
  onPayload(flags: number, payload: PayloadView): void {
    if (!this.isReceiving) {
      this.#host.counters.late += 1;
      return;
    }
    // "If a PAYLOAD is received for a REQUEST_RESPONSE without COMPLETE, assume it is set" (Handling the Unexpected, 5).
    const isLast = (flags & flagComplete) !== 0 || this.interaction === 'response';
    if ((flags & flagNext) === 0) {
      if (isLast) this.onRemoteComplete();
      else this.#host.counters.ignored += 1;
      return;
    }
    if (this.granted === 0) {
      this.#exceeded();
      return;
    }
    this.granted -= 1;
    if (isLast) {
      // Ended before it is told, so that the owner sees a finished stream and may open the next one in its place.
      this.isReceiving = false;
      this.#host.releaseIfDone(this);
    }
    try {
      this.sink.onNext(payload);
      if (isLast) this.sink.onComplete();
    } catch (error) {
      this.#caught(error);
    }
  }

  /** The peer ended its direction. */
  onRemoteComplete(): void {
    this.isReceiving = false;
    this.#host.releaseIfDone(this);
    try {
      this.sink.onComplete();
    } catch (error) {
      this.#caught(error);
    }
  }

  /** The peer ended both directions. */
  onError(code: number, data: Uint8Array): void {
    this.end();
    this.#tellFault({ kind: 'remote', code, data });
  }

  /** The peer wants no more. */
  onCancel(): void {
    if (this.isRequester && this.interaction !== 'channel') {
      this.#host.counters.ignored += 1;
      return;
    }
    if (this.isRequester) {
      this.isSending = false;
      this.#host.dropPayloads(this);
      this.#host.releaseIfDone(this);
    } else {
      this.end();
    }
    try {
      this.sink.onCancel();
    } catch (error) {
      this.#caught(error);
    }
  }

  /** The peer allows more. */
  onRequestN(count: number): void {
    if (!this.isSending || this.interaction === 'response') return;
    const before = this.sendCredit;
    this.sendCredit = Math.min(before + count, int31Max);
    if (before === 0) this.tellCredit();
  }

  /** Credit went from 0 to more. */
  tellCredit(): void {
    if (this.credit === 0) return;
    try {
      this.sink.onCredit();
    } catch (error) {
      this.#caught(error);
    }
  }

  /** The connection is gone. */
  onLinkEnd(reason: LinkEnd, written: boolean): void {
    this.end();
    this.#tellFault({ kind: 'link', reason, written });
  }

  /** Ends both directions without a word. */
  end(): void {
    this.isSending = false;
    this.isReceiving = false;
    this.#host.release(this);
  }

  /**
   * Ends the stream for a fault of the peer on this stream alone, and says so on both sides, as an error of ours is written. INVALID
   * says that nothing ran, so only a request that was never handed over gets it.
   */
  refuse(why: 'too-large' | 'protocol', text: string): void {
    const isBegun = this.sink !== deafSink;
    const code = isBegun ? streamErrorCodes.applicationError : streamErrorCodes.invalid;
    const data = plainErrorBody(why, text);
    this.end();
    if (this.isRequester) this.#host.sendCancel(this);
    else this.#host.sendError(this, code, data);
    this.#tellFault({ kind: 'remote', code, data });
  }

  #send(flags: number, metadata: Uint8Array, data: Uint8Array): void {
    if (!this.isSending) return;
    assert(this.sendCredit > 0, 'credit above 0 before an item is sent');
    this.sendCredit -= 1;
    if ((flags & flagComplete) !== 0) this.isSending = false;
    this.#host.sendPayload(this, flags, metadata, data);
    if (!this.isSending) this.#host.releaseIfDone(this);
  }

  #exceeded(): void {
    this.#host.counters.overCredit += 1;
    this.refuse('protocol', 'more items than were requested');
  }

  #tellFault(fault: Parameters<StreamSink['onFail']>[0]): void {
    try {
      this.sink.onFail(fault);
    } catch (error) {
      this.#caught(error);
    }
  }

  /** A callback of the owner threw: this stream ends, the connection and its other streams do not. */
  #caught(error: unknown): void {
    this.#host.caught(error);
    if (this.isOpen) this.fail(streamErrorCodes.applicationError, callbackFailed);
  }
}

/** What a stream asks of its connection. */
export interface StreamHost {
  readonly link: Link;
  readonly view: PayloadView;
  readonly metadataForm: 'scalebus' | 'composite';
  readonly counters: RsocketCounters;
  /** The buffer is above the high-water mark. */
  readonly isChoked: boolean;
  waitForCredit(stream: RsocketStream): void;
  sendPayload(stream: RsocketStream, flags: number, metadata: Uint8Array, data: Uint8Array): void;
  /** Says whether `sendPayload` would keep these bytes, and not copy them at once. */
  keeps(stream: RsocketStream, data: Uint8Array): boolean;
  sendError(stream: RsocketStream, code: number, data: Uint8Array): void;
  sendRequestN(stream: RsocketStream, count: number): void;
  sendCancel(stream: RsocketStream): void;
  /** Drops the fragments that came for it. */
  dropAssembly(stream: RsocketStream): void;
  /** Drops what the stream has not written yet. */
  dropPayloads(stream: RsocketStream): void;
  /** Takes the stream out of the table, and drops its fragments and unwritten payloads. */
  release(stream: RsocketStream): void;
  /** `release` when both directions are done and nothing is left to write. */
  releaseIfDone(stream: RsocketStream): void;
  caught(error: unknown): void;
}

/** Everything that was dropped or went wrong on a connection, by cause. */
export interface RsocketCounters {
  /** Frames that cannot be read; enough of them end the connection. */
  malformed: number;
  /** Frames of streams that are over: the usual overlap of an end with what was on its way. */
  late: number;
  /** Frames without meaning in their place, which the specification says to ignore. */
  ignored: number;
  /** Frame types that this build does not know. */
  unknown: number;
  /** Streams refused before they ran. */
  refused: number;
  /** Items beyond the credit given. */
  overCredit: number;
  /** Frames and payloads beyond a size limit. */
  oversize: number;
  /** Callbacks of users of this connection that threw. */
  callbackFailures: number;
}

/** Counters that have counted nothing. */
export function newCounters(): RsocketCounters {
  return {
    malformed: 0,
    late: 0,
    ignored: 0,
    unknown: 0,
    refused: 0,
    overCredit: 0,
    oversize: 0,
    callbackFailures: 0,
  };
}

/** Hears nothing: the sink of streams that nobody listens to. */
export const deafSink: StreamSink = {
  onNext: () => undefined,
  onComplete: () => undefined,
  onFail: () => undefined,
  onCredit: () => undefined,
  onCancel: () => undefined,
};

const callbackFailed = textToBytes('a callback failed');
