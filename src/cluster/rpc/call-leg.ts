import { emptyBytes } from '../../core/bytes.js';
import { ClusterError } from '../../core/errors.js';
import type { PayloadView } from '../../core/payload-view.js';
import type { Codec } from '../../spi/codec.js';
import { type Stream, streamErrorCodes, type StreamFault, type StreamSink } from '../../spi/links.js';
import { checkItemSize } from './payload-size.js';
import { decodeData } from './raw-codec.js';
import type { ErrorOrigin } from '../../core/error-body.js';
import { readError, writeError } from './remote-error.js';

/** How one attempt of a call with many items travels: over a link, or inside this node. */
export interface CallLeg {
  /** Items of the caller that may be sent now. */
  readonly credit: number;
  request(count: number): void;
  next(value: unknown): void;
  complete(): void;
  fail(error: ClusterError): void;
  /** Nothing is told to the owner after it. */
  cancel(reason: ClusterError): void;
}

/** What a leg tells. After `ended` or `failed` nothing more. */
export interface LegOwner {
  value(value: unknown): void;
  ended(): void;
  failed(failure: LegFailure): void;
  /** `credit` grew. */
  credited(): void;
  /** The other side wants no more of the caller's items. */
  stopped(): void;
}

/** Why a leg failed. */
export interface LegFailure {
  readonly error: ClusterError;
  readonly notExecuted: boolean;
  readonly peerFailed: boolean;
}

/** Over a link. */
export class LinkLeg implements CallLeg, StreamSink {
  readonly #owner: LegOwner;
  readonly #codec: Codec;
  readonly #node: string;
  readonly #origin: ErrorOrigin;
  /** Set once, right after the stream was opened. */
  stream: Stream | undefined;

  constructor(owner: LegOwner, codec: Codec, node: string, origin: ErrorOrigin) {
    this.#owner = owner;
    this.#codec = codec;
    this.#node = node;
    this.#origin = origin;
  }

  get credit(): number {
    return this.stream?.credit ?? 0;
  }

  request(count: number): void {
    this.stream?.request(count);
  }

  next(value: unknown): void {
    if (this.stream === undefined) return;
    const data = this.#codec.encode(value);
    checkItemSize(this.stream, 'an item of a channel', data);
    this.stream.next(emptyBytes, data);
  }

  complete(): void {
    this.stream?.complete();
  }

  fail(error: ClusterError): void {
    const { code, data } = writeError(error, true, this.#origin);
    this.stream?.fail(code, data);
  }

  cancel(): void {
    this.stream?.cancel();
    this.stream?.complete();
  }

  onNext(payload: PayloadView): void {
    try {
      this.#owner.value(decodeData(this.#codec, payload));
    } catch (cause) {
      this.cancel();
      const error = ClusterError.from(cause, 'protocol');
      this.#owner.failed({ error, notExecuted: false, peerFailed: false });
    }
  }

  onComplete(): void {
    this.#owner.ended();
    // The answer is whole; what this side still had to say is of no use.
    this.stream?.complete();
  }

  onFail(fault: StreamFault): void {
    if (fault.kind === 'remote') {
      const notExecuted = fault.code === streamErrorCodes.rejected || fault.code === streamErrorCodes.invalid;
      const error = readError(fault, this.#node);
      this.#owner.failed({ error, notExecuted, peerFailed: notExecuted && error.code === 'overloaded' });
      return;
    }
    const code = fault.written ? 'link-lost' : 'not-executed';
    const error = new ClusterError(code, `the link to ${this.#node} ended (${fault.reason}) before the last item`);
    this.#owner.failed({ error, notExecuted: !fault.written, peerFailed: true });
  }

  onCredit(): void {
    this.#owner.credited();
  }

  onCancel(): void {
    this.#owner.stopped();
  }
}
