import type { MonotonicMs } from '../../core/clock.js';
import type { IncomingStream, LinkEnd, Stream, StreamRequest, StreamSink } from '../../spi/links.js';
import { longCapability, RsocketEngine, type EngineDeps } from '../../protocol/rsocket/engine.js';
import type { EngineOptions } from '../../protocol/rsocket/options.js';
import type { Setup, SetupRefusal } from '../../protocol/rsocket/setup.js';
import type { RsocketCounters } from '../../protocol/rsocket/stream.js';

/** What a link needs of the engine that speaks RSocket for it: ours, or another behind an adapter. See `RsocketEngine`. */
export interface LinkEngine {
  readonly counters: RsocketCounters;
  readonly bufferedBytes: number;
  readonly streamCount: number;
  /** Most bytes that metadata and data of one request or item may have together. */
  readonly payloadMaxBytes: number;
  metadataForm: 'scalebus' | 'composite';
  start(setup: Setup): void;
  acceptSetup(): void;
  refuseSetup(refusal: SetupRefusal): void;
  trust(capabilities?: ReadonlySet<string>): void;
  receive(now: MonotonicMs, bytes: Uint8Array): void;
  open(now: MonotonicMs, tag: number, request: StreamRequest, sink: StreamSink): Stream | 'down' | 'full';
  refuseRequests(): void;
  countOf(tag: number): number;
  mark(stream: IncomingStream, tag: number): void;
  flush(now: MonotonicMs): void;
  drained(): void;
  keepAlive(): void;
  shut(code: number, text: string): void;
  freeze(): void;
  ended(reason: LinkEnd): void;
}

/** Makes the engine of one connection. */
export type EngineFactory = (deps: EngineDeps, options: EngineOptions) => LinkEngine;

/** Makes our own. */
export const createOwnEngine: EngineFactory = (deps, options) => new RsocketEngine(deps, options);

/** What an engine can do beyond RSocket, for `LinkOptions.capabilities`: ours reads announced lengths. */
export function capabilitiesOf(factory: EngineFactory): readonly string[] {
  return factory === createOwnEngine ? [longCapability] : [];
}
