import { assert } from '../../core/assert.js';
import { emptyBytes } from '../../core/bytes.js';
import { PayloadView } from '../../core/payload-view.js';
import { bytesToText } from '../../core/text.js';
import type { IncomingStream, Interaction, Link, LinkEnd, Stream, StreamFault, StreamSink } from '../../spi/links.js';
import { deafSink } from '../../protocol/rsocket/stream.js';

/** A stream of rsocket-js as the door shows it: two directions, each a library's subscriber or subscription. */
export class RsocketJsStream implements Stream, IncomingStream {
  readonly interaction: Interaction;
  readonly isRequester: boolean;
  tag = 0;
  sink: StreamSink = deafSink;
  payload: PayloadView = new PayloadView();
  isSending = false;
  isReceiving = false;
  sendCredit = 0;
  /** The request is on the wire once so many bytes were handed over. */
  requestEnd = 0;
  /** Where this side's items go. */
  down: JsSubscriber | undefined;
  /** Where the peer's items come from. */
  up: JsSubscription | undefined;
  readonly #host: RsocketJsHost;
  #isListed = true;

  constructor(host: RsocketJsHost, interaction: Interaction, isRequester: boolean) {
    this.#host = host;
    this.interaction = interaction;
    this.isRequester = isRequester;
    const isOneWay = interaction === 'fire-and-forget';
    this.isSending = interaction === 'channel' || (!isRequester && !isOneWay);
    this.isReceiving = interaction === 'channel' || (isRequester && !isOneWay);
  }

  get link(): Link {
    return this.#host.link;
  }

  get stream(): Stream {
    return this;
  }

  get metadataForm(): 'scalebus' | 'composite' {
    return this.#host.metadataForm;
  }

  get credit(): number {
    if (!this.isSending || this.sendCredit === 0) return 0;
    if (this.interaction === 'response' || !this.#host.isChoked) return this.sendCredit;
    this.#host.waitForCredit(this);
    return 0;
  }

  next(metadata: Uint8Array, data: Uint8Array): void {
    this.#send(metadata, data, this.interaction === 'response');
  }

  nextAndComplete(metadata: Uint8Array, data: Uint8Array): void {
    this.#send(metadata, data, true);
  }

  complete(): void {
    if (!this.isSending) return;
    this.isSending = false;
    this.down?.onComplete(undefined);
    this.releaseIfDone();
  }

  fail(code: number, data: Uint8Array): void {
    if (!this.isSending && !this.isReceiving) return;
    if (this.isRequester && this.interaction !== 'channel') {
      this.cancel();
      return;
    }
    const { down } = this;
    this.#end();
    down?.onError(this.#host.toError(code, bytesToText(data)));
  }

  request(count: number): void {
    if (this.isReceiving && count >= 1 && this.interaction !== 'response') this.up?.request(Math.floor(count));
  }

  cancel(): void {
    if (!this.isReceiving && !(this.isRequester && this.isSending)) return;
    const { up } = this;
    this.isReceiving = false;
    if (this.isRequester) this.#end();
    else this.releaseIfDone();
    up?.cancel();
  }

  // What the library tells.

  onItem(metadata: Uint8Array, data: Uint8Array, isLast: boolean): void {
    if (!this.isReceiving) return;
    if (isLast) {
      this.isReceiving = false;
      this.releaseIfDone();
    }
    this.#tell(() => {
      this.sink.onNext(PayloadView.of(metadata, data));
      if (isLast) this.sink.onComplete();
    });
  }

  onComplete(): void {
    if (!this.isReceiving) return;
    this.isReceiving = false;
    this.releaseIfDone();
    this.#tell(() => this.sink.onComplete());
  }

  onError(fault: StreamFault): void {
    if (!this.isReceiving && !this.isSending) return;
    this.#end();
    this.#tell(() => this.sink.onFail(fault));
  }

  onCancel(): void {
    if (!this.isSending) return;
    if (this.isRequester) {
      this.isSending = false;
      this.releaseIfDone();
    } else {
      this.#end();
    }
    this.#tell(() => this.sink.onCancel());
  }

  onRequestN(count: number): void {
    const before = this.sendCredit;
    this.sendCredit = Math.min(before + count, 0x7fff_ffff);
    if (before === 0) this.tellCredit();
  }

  tellCredit(): void {
    if (this.credit > 0) this.#tell(() => this.sink.onCredit());
  }

  onLinkEnd(reason: LinkEnd, written: boolean): void {
    this.onError({ kind: 'link', reason, written });
  }

  releaseIfDone(): void {
    if (this.isSending || this.isReceiving || !this.#isListed) return;
    this.#isListed = false;
    this.#host.release(this);
  }

  #send(metadata: Uint8Array, data: Uint8Array, isLast: boolean): void {
    if (!this.isSending) return;
    assert(this.sendCredit > 0, 'credit above 0 before an item is sent');
    this.sendCredit -= 1;
    if (isLast) this.isSending = false;
    const payload = this.#host.toPayload(metadata, data);
    if (this.interaction === 'response') {
      this.down?.onComplete(payload);
    } else {
      this.down?.onNext?.(payload);
      if (isLast) this.down?.onComplete(undefined);
    }
    this.releaseIfDone();
  }

  #end(): void {
    this.isSending = false;
    this.isReceiving = false;
    this.releaseIfDone();
  }

  #tell(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#host.caught(error);
      if (this.isSending || this.isReceiving) this.fail(0x201, emptyBytes);
    }
  }
}

/** What a stream asks of its engine. */
export interface RsocketJsHost {
  readonly link: Link;
  readonly metadataForm: 'scalebus' | 'composite';
  readonly isChoked: boolean;
  waitForCredit(stream: RsocketJsStream): void;
  release(stream: RsocketJsStream): void;
  caught(error: unknown): void;
  toPayload(metadata: Uint8Array, data: Uint8Array): JsPayload;
  toError(code: number, text: string): Error;
}

/** A payload as the library takes and gives it; only `undefined` metadata leaves the flag out. */
export interface JsPayload {
  readonly data?: Uint8Array | undefined;
  readonly metadata?: Uint8Array | undefined;
}

/** A subscriber of a Single (`onComplete` with the payload) or of a Flowable. */
export interface JsSubscriber {
  onNext?(payload: JsPayload): void;
  onComplete(payload: JsPayload | undefined): void;
  onError(error: Error): void;
}

/** The library's hold on a source. */
export interface JsSubscription {
  request(count: number): void;
  cancel(): void;
}
