import type { PayloadView } from '../../core/payload-view.js';
import type { IncomingStream, StreamSink } from '../../spi/links.js';
import type { Setup, SetupRefusal } from './setup.js';

/** What a connection tells its owner. None may throw but `onRequest`, whose throw ends that stream alone. */
export interface RsocketEffects {
  /** Bytes are encoded: call `flush` once, after this turn of the event loop. Asked again only after that `flush`. */
  flushSoon(): void;
  /** A client's SETUP: take it, refuse it, or `'wait'` and call `acceptSetup` or `refuseSetup` later. */
  onSetup(setup: Setup): 'accept' | 'wait' | SetupRefusal;
  /** A request; its payload is `stream.payload`, lent for the call. Returns what listens to the stream. */
  onRequest(stream: IncomingStream): StreamSink;
  /** METADATA_PUSH, lent for the call. */
  onMetadataPush(payload: PayloadView): void;
  /** The connection is over for the protocol: end it after what is written. Called once; streams are told by `ended`. */
  onEnd(end: EngineEnd): void;
  /** A callback of a user threw; its stream was ended and it is counted. */
  onCallbackFailed(error: unknown): void;
}

/** Who ended a connection, with the ERROR's code and text. */
export interface EngineEnd {
  readonly by: 'self' | 'peer';
  readonly code: number;
  readonly text: string;
}
