import type { Socket } from 'node:net';
import { after, type CancelTimer, type Clock } from '../../core/clock.js';
import type { Connection, ConnectionEnd, ConnectionHandlers, PeerCertificate } from '../../spi/connections.js';
import type { AwakeLoop } from './awake-loop.js';
import { ByteQueue } from './byte-queue.js';
import { pausedBytesMax } from './transport-defaults.js';
import { findSystemCode } from './transport-errors.js';

/** What a connection over a Node socket is made of. */
export interface SocketConnectionDeps {
  readonly socket: Socket;
  readonly clock: Clock;
  readonly lingerMs: number;
  /** Told of what is sent and what comes; without one the loop sleeps as it likes. */
  readonly awake: AwakeLoop | undefined;
  readonly remote: string;
  readonly certificate: PeerCertificate | undefined;
  /** Ends the connection so that the other side is told of a reset, where the kind of socket can. */
  readonly reset: () => void;
}

/**
 * A connection over a Node socket: TCP, TLS or a Unix socket. Whoever makes it feeds `take` with the bytes that the socket reads.
 * While nobody listens, or after `pause`, a bounded number of bytes is held here, so that an end or a reset close behind is still
 * noticed; then reading stops, and the other side feels it.
 */
export class SocketConnection implements Connection {
  readonly remote: string;
  readonly certificate: PeerCertificate | undefined;
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #lingerMs: number;
  readonly #awake: AwakeLoop | undefined;
  readonly #reset: () => void;
  readonly #held = new ByteQueue();
  #handlers: ConnectionHandlers | undefined;
  #paused = false;
  #readingStopped = false;
  #deliverPlanned = false;
  #drainOwed = false;
  #ending = false;
  #destroyed = false;
  #failure: unknown;
  #closed: ConnectionEnd | undefined;
  #closeTold = false;
  #cancelLinger: CancelTimer | undefined;

  constructor(deps: SocketConnectionDeps) {
    this.remote = deps.remote;
    this.certificate = deps.certificate;
    this.#socket = deps.socket;
    this.#clock = deps.clock;
    this.#lingerMs = deps.lingerMs;
    this.#awake = deps.awake;
    this.#reset = deps.reset;
    deps.socket.on('error', (cause) => {
      this.#failure ??= cause;
    });
    // Node ends its side by itself then; this bounds the time and stops writes, which would be errors.
    deps.socket.once('end', () => this.end());
    deps.socket.once('close', () => this.#onClose());
  }

  get bufferedBytes(): number {
    // Asked for every frame; without a drain owed the system took every byte.
    return this.#drainOwed && this.#closed === undefined ? this.#socket.writableLength : 0;
  }

  write(bytes: Uint8Array): void {
    if (this.#isOver() || this.#ending || bytes.length === 0) return;
    this.#socket.write(bytes, this.#onWritten);
    if (this.#socket.writableLength > 0) this.#drainOwed = true;
    this.#awake?.onSent();
  }

  listen(handlers: ConnectionHandlers): void {
    this.#handlers = handlers;
    this.#planDeliver();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#planDeliver();
  }

  end(): void {
    if (this.#isOver() || this.#ending) return;
    this.#ending = true;
    this.#socket.end();
    const until = after(this.#clock.now(), this.#lingerMs);
    this.#cancelLinger = this.#clock.setTimer(until, () => this.destroy());
  }

  destroy(): void {
    if (this.#isOver()) return;
    this.#destroyed = true;
    this.#held.clear();
    // A socket that is shutting down cannot be reset any more.
    if (this.#ending) this.#socket.destroy();
    else this.#reset();
  }

  /** Gets what the socket read, lent for the call; false asks to stop reading until the socket is resumed. */
  take(bytes: Uint8Array): boolean {
    if (this.#isOver()) return true;
    this.#awake?.onReceived();
    if (this.#handlers !== undefined && !this.#paused && this.#held.length === 0) {
      this.#handlers.onBytes(bytes);
      return true;
    }
    this.#held.push(bytes.slice());
    this.#readingStopped = this.#held.length >= pausedBytesMax;
    return !this.#readingStopped;
  }

  #isOver(): boolean {
    return this.#destroyed || this.#closed !== undefined;
  }

  #planDeliver(): void {
    if (this.#deliverPlanned) return;
    this.#deliverPlanned = true;
    this.#clock.afterTurn(this.#deliver);
  }

  /** Hands over what was held, goes on reading, and tells an end that waited behind the bytes. */
  readonly #deliver = (): void => {
    this.#deliverPlanned = false;
    if (this.#handlers === undefined) return;
    if (!this.#paused && !this.#destroyed && this.#held.length > 0) {
      const bytes = new Uint8Array(this.#held.length);
      this.#held.takeInto(bytes, bytes.length);
      this.#handlers.onBytes(bytes);
    }
    if (this.#readingStopped && this.#held.length === 0 && !this.#isOver()) {
      this.#readingStopped = false;
      this.#socket.resume();
    }
    this.#tellClosed();
  };

  readonly #onWritten = (failure?: Error | null): void => {
    if (!this.#drainOwed || this.#isOver() || (failure !== undefined && failure !== null)) return;
    if (this.#socket.writableLength > 0) return;
    this.#drainOwed = false;
    this.#handlers?.onDrain();
  };

  #onClose(): void {
    this.#cancelLinger?.();
    this.#closed = this.#destroyed ? 'destroyed' : failureToEnd(this.#failure);
    if (this.#closed !== 'ended') this.#held.clear();
    this.#tellClosed();
  }

  /** Bytes that came before an orderly end come before it is told; a failure does not wait for them. */
  #tellClosed(): void {
    if (this.#closed === undefined || this.#closeTold || this.#handlers === undefined) return;
    if (this.#held.length > 0) return;
    this.#closeTold = true;
    this.#handlers.onClosed(this.#closed);
  }
}

const resetCodes: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED']);

function failureToEnd(failure: unknown): ConnectionEnd {
  if (failure === undefined) return 'ended';
  return resetCodes.has(findSystemCode(failure) ?? '') ? 'reset' : 'failed';
}
