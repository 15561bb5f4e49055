import type { Link, Stream, StreamSink } from '../../spi/links.js';
import { RsocketStream, type StreamHost } from './stream.js';

/**
 * A request that waits for its one answer, as long as nothing out of the ordinary happens to it: a third of what a stream is. Calls
 * wait by the thousands, and each collection of young objects copies all of them. Whatever but a whole answer comes for it, or is
 * done to it, is done by the stream that `Streams` makes of it then.
 */
export class Question implements Stream {
  readonly id: number;
  readonly sink: StreamSink;
  /** As of `RsocketStream`. */
  readonly tag: number;
  /** As of `RsocketStream`. */
  requestEnd = 0;
  readonly #host: QuestionHost;

  constructor(host: QuestionHost, id: number, tag: number, sink: StreamSink) {
    this.#host = host;
    this.id = id;
    this.tag = tag;
    this.sink = sink;
  }

  get link(): Link {
    return this.#host.link;
  }

  get credit(): number {
    return 0;
  }

  next(): void {
    // A requester sends nothing after its request.
  }

  nextAndComplete(): void {
    // As above.
  }

  complete(): void {
    // As above.
  }

  request(): void {
    // One answer is all there is.
  }

  fail(): void {
    this.cancel();
  }

  cancel(): void {
    this.#host.withdraw(this);
  }

  /** The stream that goes on in its place. */
  toStream(): RsocketStream {
    const stream = new RsocketStream(this.#host, this.id, 'response', true);
    stream.sink = this.sink;
    stream.granted = 1;
    stream.isReceiving = true;
    stream.requestEnd = this.requestEnd;
    return stream;
  }
}

/** What a question asks of its connection. */
export interface QuestionHost extends StreamHost {
  /** Cancels the stream that it became; nothing when that is over. */
  withdraw(question: Question): void;
}
