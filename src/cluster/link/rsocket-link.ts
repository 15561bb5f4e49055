import { type CancelTimer, type Clock, after, type MonotonicMs } from '../../core/clock.js';
import type { Connection, ConnectionEnd } from '../../spi/connections.js';
import type { IncomingStream, Link, LinkEnd, LinkPeer, Stream, StreamRequest, StreamSink } from '../../spi/links.js';
import type { EngineEnd, RsocketEffects } from '../../protocol/rsocket/effects.js';
import { connectionErrorCodes } from '../../protocol/rsocket/frame.js';
import type { SlabPool } from '../../protocol/rsocket/send-buffer.js';
import type { Setup, SetupRefusal } from '../../protocol/rsocket/setup.js';
import type { EngineFactory, LinkEngine } from './link-engine.js';
import type { LinkOptions } from './link-options.js';
import { kindBytes, linkMime, bytesMime } from './stream-kinds.js';
import { emptyBytes } from '../../core/bytes.js';

/** Drives one RSocket engine over one connection: bytes, flushes, keep-alive, and the one end. */
export class RsocketLink implements Link, RsocketEffects {
  readonly id: number;
  readonly isDialer: boolean;
  readonly connection: Connection;
  readonly engine: LinkEngine;
  readonly #owner: LinkOwner;
  readonly #clock: Clock;
  readonly #options: LinkOptions;
  readonly #tickPhaseMs: number;
  #peer: LinkPeer;
  #state: 'stranger' | 'up' | 'draining' | 'ended' = 'stranger';
  #heardAt: MonotonicMs;
  #lifetimeMs: number;
  #cancelTick: CancelTimer | undefined;
  #closing: LinkEnd | undefined;
  #refusal: string | undefined;
  #receivedBytes = 0;
  #wasHeard = false;
  #isLeased = false;

  constructor(deps: LinkDeps) {
    this.id = deps.id;
    this.isDialer = deps.isDialer;
    this.connection = deps.connection;
    this.#owner = deps.owner;
    this.#clock = deps.clock;
    this.#options = deps.options;
    this.#tickPhaseMs = deps.tickPhaseMs;
    this.#peer = strangerPeer;
    this.#heardAt = deps.clock.now();
    this.#lifetimeMs = deps.options.lifetimeMs;
    const { connection: target, pool, isDialer: isClient } = deps;
    this.engine = deps.createEngine(
      { isClient, link: this, target, pool, effects: this, now: this.#heardAt },
      deps.options.engine,
    );
  }

  /** Begins to listen, and to say SETUP when it dialled. */
  start(metadataMime: string = linkMime): void {
    this.connection.listen({
      onBytes: (bytes) => this.#onBytes(bytes),
      onDrain: () => this.engine.drained(),
      onClosed: (reason) => this.#onClosed(reason),
    });
    if (this.isDialer) {
      const { keepAliveMs, lifetimeMs } = this.#options;
      const mimes = { metadataMime, dataMime: bytesMime };
      this.engine.start({ keepAliveMs, lifetimeMs, ...mimes, isLeased: false, metadata: emptyBytes, data: emptyBytes });
    }
    this.#tickLater();
  }

  get peer(): LinkPeer {
    return this.#peer;
  }

  get up(): boolean {
    return this.#state === 'up';
  }

  /** It was replaced and finishes what runs. */
  get isDraining(): boolean {
    return this.#state === 'draining';
  }

  /** Nothing more comes from this link but its end, if that was not told yet. */
  get isEnded(): boolean {
    return this.#state === 'ended';
  }

  get bufferedBytes(): number {
    return this.engine.bufferedBytes;
  }

  get payloadMaxBytes(): number {
    return this.engine.payloadMaxBytes;
  }

  /** What the peer said when it refused this connection. */
  get refusal(): string | undefined {
    return this.#refusal;
  }

  /** Bytes received so far; strangers are bounded by it. */
  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** True once after bytes came. */
  takeHeard(): boolean {
    const wasHeard = this.#wasHeard;
    this.#wasHeard = false;
    return wasHeard;
  }

  open(request: StreamRequest, sink: StreamSink): Stream | 'down' | 'full' {
    if (this.#state !== 'up') return 'down';
    // A stock peer knows nothing of kinds; its metadata goes as it is.
    const tag = this.#peer.role === 'stock' ? -1 : kindBytes[request.kind];
    // Only a lease looks at the time, and only the side that was dialled can be under one.
    const now = this.#isLeased ? this.#clock.now() : this.#heardAt;
    return this.engine.open(now, tag, request, sink);
  }

  /** Opens a stream before the link is up: hello. */
  openEarly(tag: number, request: StreamRequest, sink: StreamSink): Stream | 'down' | 'full' {
    return this.#state === 'stranger' ? this.engine.open(this.#clock.now(), tag, request, sink) : 'down';
  }

  /** The peer is known from here on: streams of every kind may be opened. */
  raise(peer: LinkPeer): void {
    if (this.#state !== 'stranger') return;
    this.#peer = peer;
    this.#state = 'up';
    this.engine.trust(peer.capabilities);
  }

  /** Opens nothing more and refuses what the peer opens; what runs goes on. */
  drain(): void {
    if (this.#state !== 'up') return;
    this.#state = 'draining';
    this.engine.refuseRequests();
  }

  close(reason: LinkEnd): void {
    if (this.#state === 'ended') return;
    if (reason === 'silent' || reason === 'reset') {
      this.#finish(reason, true);
      return;
    }
    this.#closing = reason;
    const { connectionError, connectionClose } = connectionErrorCodes;
    this.engine.shut(reason === 'protocol' ? connectionError : connectionClose, reason);
  }

  // What the engine tells.

  flushSoon(): void {
    this.#clock.afterTurn(this.#flush);
  }

  onSetup(setup: Setup): 'accept' | 'wait' | SetupRefusal {
    this.#lifetimeMs = Math.max(this.#options.lifetimeMs, setup.lifetimeMs);
    this.#isLeased = setup.isLeased;
    return this.#owner.onSetup(this, setup);
  }

  onRequest(stream: IncomingStream): StreamSink {
    return this.#owner.onRequest(this, stream);
  }

  onMetadataPush(): void {
    // Nothing of ours is pushed; a stock client's push has no meaning here, so it is counted and dropped.
    this.engine.counters.ignored += 1;
  }

  onEnd(end: EngineEnd): void {
    if (this.#state === 'ended') return;
    if (end.by === 'peer') this.#refusal = end.text;
    this.#finish(this.#closing ?? endReason(end), false);
    this.connection.end();
  }

  onCallbackFailed(error: unknown): void {
    this.#owner.onCallbackFailed(this, error);
  }

  readonly #flush = (): void => {
    this.engine.flush(this.#clock.now());
    this.#owner.onMoved(this);
  };

  #onBytes(bytes: Uint8Array): void {
    const now = this.#clock.now();
    this.#heardAt = now;
    this.#wasHeard = true;
    this.#receivedBytes += bytes.length;
    if (this.#state === 'stranger' && this.#receivedBytes > this.#options.helloBytesMax) {
      this.#finish('protocol', true);
      return;
    }
    this.engine.receive(now, bytes);
    this.#owner.onMoved(this);
  }

  #onClosed(reason: ConnectionEnd): void {
    this.#finish(reason === 'reset' || reason === 'failed' ? 'reset' : 'closed', true);
  }

  /** All links of a node tick at the same moments: one waking for all of them costs an idle node less than one for each. */
  #tickLater(): void {
    const now = this.#clock.now();
    const { keepAliveMs } = this.#options;
    const sinceMs = (now + keepAliveMs - this.#tickPhaseMs) % keepAliveMs;
    const due = after(now, keepAliveMs - sinceMs);
    this.#cancelTick = this.#clock.setTimer(due, () => this.#tick(due));
  }

  /**
   * Silence is measured in time that this process was awake: a late tick moves the last sign of life by its lateness, and the
   * verdict falls after the turn, when bytes that waited in the socket have been read.
   */
  #tick(due: MonotonicMs): void {
    const now = this.#clock.now();
    this.#heardAt = after(this.#heardAt, Math.min(now - due, now - this.#heardAt));
    const lastHeard = this.#heardAt;
    if (now - lastHeard > this.#lifetimeMs) {
      this.#clock.afterTurn(() => {
        if (this.#heardAt === lastHeard) this.#finish('silent', true);
      });
    }
    // A stock server counts on its client's keep-alives. Between two of us either side's question serves both, as it is answered.
    const isWanted = this.#peer.role === 'stock' ? this.isDialer : now - lastHeard > this.#options.keepAliveMs / 2;
    if (isWanted) this.engine.keepAlive();
    this.#owner.onTick(this);
    this.#tickLater();
  }

  /** The one way to the end. Streams and the owner are told after this turn, so never inside a call of theirs. */
  #finish(reason: LinkEnd, isDead: boolean): void {
    if (this.#state === 'ended') return;
    const wasUp = this.#state !== 'stranger';
    this.#state = 'ended';
    this.#cancelTick?.();
    this.engine.freeze();
    if (isDead) this.connection.destroy();
    this.#clock.afterTurn(() => {
      this.engine.ended(reason);
      this.#owner.onEnded(this, reason, wasUp);
    });
  }
}

/** What a link needs. */
export interface LinkDeps {
  readonly id: number;
  readonly isDialer: boolean;
  readonly connection: Connection;
  readonly owner: LinkOwner;
  readonly clock: Clock;
  readonly pool: SlabPool;
  readonly options: LinkOptions;
  /** Where in each keep-alive period the links of this node tick; nodes differ. */
  readonly tickPhaseMs: number;
  readonly createEngine: EngineFactory;
}

/** Who keeps a link. */
export interface LinkOwner {
  onSetup(link: RsocketLink, setup: Setup): 'accept' | 'wait' | SetupRefusal;
  onRequest(link: RsocketLink, stream: IncomingStream): StreamSink;
  onCallbackFailed(link: RsocketLink, error: unknown): void;
  /** Bytes went in or out: something may have become idle. */
  onMoved(link: RsocketLink): void;
  /** Once each keep-alive period. */
  onTick(link: RsocketLink): void;
  /** Once, after all its streams were told. `wasUp` says whether it ever was. */
  onEnded(link: RsocketLink, reason: LinkEnd, wasUp: boolean): void;
}

const strangerPeer: LinkPeer = {
  name: '',
  epoch: 0,
  role: 'stock',
  address: '',
  wireVersion: 0,
  capabilities: new Set(),
};

function endReason(end: EngineEnd): LinkEnd {
  if (end.by === 'self' || end.code !== connectionErrorCodes.connectionClose) return 'protocol';
  return end.text === 'left' || end.text === 'replaced' ? end.text : 'closed';
}
