import { type MonotonicMs, toMonotonicMs } from '../../../src/core/clock.js';
import { emptyBytes } from '../../../src/core/bytes.js';
import { bytesToText, textToBytes } from '../../../src/core/text.js';
import type { PayloadView } from '../../../src/core/payload-view.js';
import type {
  Interaction,
  Link,
  LinkEnd,
  Stream,
  StreamFault,
  StreamRequest,
  StreamSink,
} from '../../../src/spi/links.js';
import type { EngineEnd, RsocketEffects } from '../../../src/protocol/rsocket/effects.js';
import { RsocketEngine } from '../../../src/protocol/rsocket/engine.js';
import { type EngineOptions, resolveEngineOptions } from '../../../src/protocol/rsocket/options.js';
import { type ByteTarget, SlabPool } from '../../../src/protocol/rsocket/send-buffer.js';
import type { Setup, SetupRefusal } from '../../../src/protocol/rsocket/setup.js';
import type { RsocketStream } from '../../../src/protocol/rsocket/stream.js';

export const now: MonotonicMs = toMonotonicMs(1000);

export const setup: Setup = {
  keepAliveMs: 5000,
  lifetimeMs: 30_000,
  metadataMime: 'application/x.test',
  dataMime: 'application/octet-stream',
  isLeased: false,
  metadata: emptyBytes,
  data: emptyBytes,
};

/** One for all: a test must not notice whose slab it was. */
const pool = new SlabPool();

/** One side: an engine, the bytes it wrote, and what it told. */
export class Side implements RsocketEffects, ByteTarget {
  readonly engine: RsocketEngine;
  readonly told: string[] = [];
  written: Uint8Array[] = [];
  bufferedBytes = 0;
  /** Pretends that the operating system takes nothing. */
  isStalled = false;
  isFlushDue = false;
  setupAnswer: 'accept' | 'wait' | SetupRefusal = 'accept';
  setup: Setup | undefined;
  end: EngineEnd | undefined;
  accept: (stream: RsocketStream) => StreamSink = () => new Recorder();

  constructor(isClient: boolean, options: Partial<EngineOptions> = {}) {
    const link = { id: isClient ? 1 : 2 } as Link;
    this.engine = new RsocketEngine(
      { isClient, link, target: this, pool, effects: this, now },
      resolveEngineOptions(options),
    );
  }

  write(bytes: Uint8Array): void {
    // A copy, spoiled never: what the engine does with its slab afterwards must not show.
    this.written.push(bytes.slice());
    if (this.isStalled) this.bufferedBytes += bytes.length;
  }

  flushSoon(): void {
    if (this.isFlushDue) throw new Error('asked twice for one flush');
    this.isFlushDue = true;
  }

  onSetup(given: Setup): 'accept' | 'wait' | SetupRefusal {
    this.setup = given;
    return this.setupAnswer;
  }

  onRequest(stream: RsocketStream): StreamSink {
    return this.accept(stream);
  }

  onMetadataPush(payload: PayloadView): void {
    this.told.push(`push ${bytesToText(payload.metadata())}`);
  }

  onEnd(end: EngineEnd): void {
    this.end = end;
    this.told.push(`end ${end.by} 0x${end.code.toString(16)} ${end.text}`);
  }

  onCallbackFailed(error: unknown): void {
    this.told.push(`caught ${error instanceof Error ? error.message : String(error)}`);
  }

  turn(): void {
    if (!this.isFlushDue) return;
    this.isFlushDue = false;
    this.engine.flush(now);
  }

  drain(): void {
    this.isStalled = false;
    this.bufferedBytes = 0;
    this.engine.drained();
  }

  take(): Uint8Array {
    const joined = concat(this.written);
    this.written = [];
    return joined;
  }
}

/** Two engines and the wire between them. */
export class EnginePair {
  readonly client: Side;
  readonly server: Side;
  /** Cuts what goes over the wire. */
  cut: (bytes: Uint8Array) => readonly Uint8Array[] = (bytes) => [bytes];

  constructor(
    options: Partial<EngineOptions> = {},
    serverOptions: Partial<EngineOptions> = options,
    offer: Setup = setup,
  ) {
    this.client = new Side(true, options);
    this.server = new Side(false, serverOptions);
    this.client.engine.start(offer);
    this.server.engine.trust();
    this.client.engine.trust();
  }

  open(
    request: Partial<StreamRequest> & { readonly interaction: Interaction },
    sink: StreamSink = new Recorder(),
  ): Stream | 'down' | 'full' {
    const full: StreamRequest = { kind: 'rpc', metadata: emptyBytes, data: emptyBytes, credit: 1, ...request };
    return this.client.engine.open(now, 1, full, sink);
  }

  /** Carries bytes both ways until nothing moves, at most `turnsMax` turns. */
  run(turnsMax = 10_000): void {
    for (let turn = 0; turn < turnsMax; turn += 1) {
      this.client.turn();
      this.server.turn();
      const moved = this.move(this.client, this.server) + this.move(this.server, this.client);
      if (moved === 0 && !this.client.isFlushDue && !this.server.isFlushDue) return;
    }
  }

  move(from: Side, to: Side): number {
    const bytes = from.take();
    for (const chunk of this.cut(bytes)) {
      // Lent for the call only: spoiled after it.
      const lent = chunk.slice();
      to.engine.receive(now, lent);
      lent.fill(0xee);
    }
    return bytes.length;
  }
}

/** A sink that writes down what it hears. */
export class Recorder implements StreamSink {
  readonly heard: string[] = [];
  readonly items: Uint8Array[] = [];
  fault: StreamFault | undefined;
  onItem: ((payload: PayloadView) => void) | undefined;
  onMoreCredit: (() => void) | undefined;

  onNext(payload: PayloadView): void {
    const data = payload.data();
    this.items.push(data.slice());
    const metadata = bytesToText(payload.metadata());
    this.heard.push(
      `next ${metadata === '' ? '' : `${metadata} `}${data.length > 40 ? data.length : bytesToText(data)}`,
    );
    this.onItem?.(payload);
  }

  onComplete(): void {
    this.heard.push('complete');
  }

  onFail(fault: StreamFault): void {
    this.fault = fault;
    this.heard.push(
      fault.kind === 'remote'
        ? `fail 0x${fault.code.toString(16)} ${bytesToText(fault.data)}`
        : `lost ${fault.reason} ${fault.written ? 'written' : 'unwritten'}`,
    );
  }

  onCredit(): void {
    this.heard.push('credit');
    this.onMoreCredit?.();
  }

  onCancel(): void {
    this.heard.push('cancel');
  }
}

export const text: (value: string) => Uint8Array = textToBytes;
export const lost = (reason: LinkEnd, written: boolean): string =>
  `lost ${reason} ${written ? 'written' : 'unwritten'}`;

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** Bytes that tell their position, so that a shift or a hole shows. */
export function pattern(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let index = 0; index < length; index += 1) bytes[index] = (index * 31 + seed + (index >>> 8)) & 0xff;
  return bytes;
}
