import { after, type CancelTimer, type Clock, toMonotonicMs } from '../../core/clock.js';
import type { Connection, ConnectionEnd, ConnectionHandlers, PeerCertificate } from '../../spi/connections.js';
import { ByteQueue } from './byte-queue.js';
import type { NetworkConditions } from './network-conditions.js';

/** What all connections of one memory network share. */
export interface Fabric {
  readonly clock: Clock;
  readonly conditions: NetworkConditions | undefined;
  readonly lingerMs: number;
  /** Delivered bytes are lent from here, so that whoever keeps them sees them change, as with a real socket's buffer. */
  readonly receiveBuffer: Uint8Array;
}

/** Who a connection belongs to. */
export interface ConnectionEndpoints {
  readonly host: string;
  readonly peerHost: string;
  readonly remote: string;
  /** Called once, when it is over for this side. */
  readonly forget: (connection: MemoryConnection) => void;
}

/** Bytes between the two sides that neither program holds: what the buffers of two operating systems take. */
export const windowBytes: number = 256 * 1024;

/** First wait before a piece is sent again; it doubles, as TCP's does (RFC 6298), up to `retryMaxMs`. */
const retryMinMs = 200;
const retryMaxMs = 120_000;
/** Linux gives up after so many (tcp_retries2): about a quarter of an hour. */
const retriesMax = 15;

/**
 * One side of a connection in memory. `write` keeps a reference; a flush in the next turn takes up to a window of bytes, as the
 * operating system does, and the rest waits in `bufferedBytes`. Under conditions taken bytes are copied and travel in pieces; without,
 * they go straight into the other side's hands.
 *
 * Writing: open -> ending (end was asked for, bytes wait) -> ended (the end was sent). Reading: open -> ended (the other side's end
 * was taken, after its bytes). Both ended, a reset, or destroy close the connection.
 */
export class MemoryConnection implements Connection {
  readonly remote: string;
  readonly certificate: PeerCertificate | undefined = undefined;
  readonly #fabric: Fabric;
  readonly #ends: ConnectionEndpoints;
  readonly #outgoing = new ByteQueue();
  readonly #arrived = new ByteQueue();
  #peer: MemoryConnection | undefined;
  #handlers: ConnectionHandlers | undefined;
  #writing: 'open' | 'ending' | 'ended' = 'open';
  #reading: 'open' | 'ended' = 'open';
  #closed: ConnectionEnd | undefined;
  #inFlightBytes = 0;
  #endArrived = false;
  #paused = false;
  #closeTold = false;
  #flushPlanned = false;
  #pumpPlanned = false;
  #drainOwed = false;
  #arrivesAt = 0;
  #retries = 0;
  #cancelRetry: CancelTimer | undefined;
  #cancelLinger: CancelTimer | undefined;

  constructor(fabric: Fabric, ends: ConnectionEndpoints) {
    this.#fabric = fabric;
    this.#ends = ends;
    this.remote = ends.remote;
  }

  /** Joins two sides. A side without a peer sends into the void. */
  static join(left: MemoryConnection, right: MemoryConnection): void {
    left.#peer = right;
    right.#peer = left;
  }

  get bufferedBytes(): number {
    return this.#outgoing.length;
  }

  /** Bytes between the two sides. */
  get inFlightBytes(): number {
    return this.#inFlightBytes;
  }

  write(bytes: Uint8Array): void {
    if (this.#closed !== undefined || this.#writing !== 'open' || bytes.length === 0) return;
    this.#outgoing.push(bytes);
    this.#drainOwed = true;
    this.#planFlush();
  }

  listen(handlers: ConnectionHandlers): void {
    this.#handlers = handlers;
    this.#planPump();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#planPump();
  }

  end(): void {
    if (this.#closed !== undefined || this.#writing !== 'open') return;
    this.#writing = 'ending';
    this.#planFlush();
    const { clock, lingerMs } = this.#fabric;
    this.#cancelLinger = clock.setTimer(after(clock.now(), lingerMs), () => {
      this.#arriveAt(this.#ends.host, () => this.destroy());
    });
  }

  destroy(): void {
    if (this.#closed !== undefined) return;
    this.#sendReset();
    this.#close('destroyed');
  }

  /** The process of this side is gone: its handlers are never called again. `reset`: its system tells the other side. */
  crash(how: 'reset' | 'silent'): void {
    if (how === 'reset' && this.#closed === undefined) this.#sendReset();
    this.#closeTold = true;
    this.#handlers = undefined;
    if (this.#closed === undefined) this.#close('destroyed');
  }

  #planFlush(): void {
    if (this.#flushPlanned || this.#cancelRetry !== undefined) return;
    this.#flushPlanned = true;
    this.#fabric.clock.afterTurn(this.#flush);
  }

  readonly #flush = (): void => {
    this.#flushPlanned = false;
    while (this.#closed === undefined && this.#canSend()) {
      if (!this.#sendSome()) return;
    }
    if (this.#closed !== undefined || this.#outgoing.length > 0) return;
    if (this.#drainOwed) this.#tell(this.#tellDrain);
    if (this.#writing === 'ending') this.#sendEnd();
  };

  #canSend(): boolean {
    return this.#outgoing.length > 0 && this.#inFlightBytes < windowBytes;
  }

  /** Takes one piece from the queue; false when the network lets nothing through for now. */
  #sendSome(): boolean {
    const { conditions, receiveBuffer } = this.#fabric;
    const room = Math.min(windowBytes - this.#inFlightBytes, receiveBuffer.length);
    let count = Math.min(this.#outgoing.length, room);
    const peer = this.#peer;
    if (conditions === undefined && peer?.isReady() === true) {
      this.#outgoing.takeInto(receiveBuffer, count);
      peer.#handOver(receiveBuffer.subarray(0, count));
      return true;
    }
    let delayMs: number | undefined = 0;
    if (conditions !== undefined) {
      const { host, peerHost } = this.#ends;
      delayMs = conditions.streamDelayMs(host, peerHost);
      if (delayMs === undefined) return this.#retryLater();
      const wanted = conditions.chunkBytes(host, peerHost, count);
      count = Math.max(1, Math.min(count, wanted));
    }
    this.#retries = 0;
    const piece = new Uint8Array(count);
    this.#outgoing.takeInto(piece, count);
    this.#inFlightBytes += count;
    if (peer !== undefined) this.#travel(delayMs, () => peer.#arriveBytes(piece));
    return true;
  }

  /** True when bytes can be handed over at once, in order. */
  isReady(): boolean {
    return (
      this.#handlers !== undefined &&
      this.#closed === undefined &&
      !this.#paused &&
      this.#arrived.length === 0 &&
      this.#peer?.inFlightBytes === 0
    );
  }

  #handOver(bytes: Uint8Array): void {
    this.#handlers?.onBytes(bytes);
  }

  #retryLater(): false {
    this.#retries += 1;
    const { clock } = this.#fabric;
    const waitMs = Math.min(retryMinMs * 2 ** (this.#retries - 1), retryMaxMs);
    this.#cancelRetry = clock.setTimer(after(clock.now(), waitMs), () => {
      this.#cancelRetry = undefined;
      if (this.#retries > retriesMax) this.#close('failed');
      else this.#flush();
    });
    return false;
  }

  #sendEnd(): void {
    const { conditions } = this.#fabric;
    const { host, peerHost } = this.#ends;
    const delayMs = conditions === undefined ? 0 : conditions.streamDelayMs(host, peerHost);
    if (delayMs === undefined) {
      this.#retryLater();
      return;
    }
    this.#writing = 'ended';
    const peer = this.#peer;
    if (peer !== undefined) this.#travel(delayMs, () => peer.#arriveEnd());
    if (this.#reading === 'ended') this.#close('ended');
  }

  #sendReset(): void {
    const { conditions } = this.#fabric;
    const { host, peerHost } = this.#ends;
    const delayMs = conditions === undefined ? 0 : conditions.streamDelayMs(host, peerHost);
    const peer = this.#peer;
    // A reset is sent once; if it is lost, the next bytes from the other side are answered with another.
    if (delayMs === undefined || peer === undefined) return;
    this.#travel(delayMs, () => peer.#close('reset'));
  }

  #arriveBytes(piece: Uint8Array): void {
    if (this.#closed !== undefined) {
      this.#sendReset();
      return;
    }
    this.#arrived.push(piece);
    this.#pump();
  }

  #arriveEnd(): void {
    if (this.#closed !== undefined) return;
    this.#endArrived = true;
    this.#pump();
  }

  #planPump(): void {
    if (this.#pumpPlanned) return;
    this.#pumpPlanned = true;
    this.#tell(this.#pump);
  }

  /** Hands over what arrived, then the end, as far as the owner listens and is not paused. */
  readonly #pump = (): void => {
    this.#pumpPlanned = false;
    if (this.#handlers === undefined) return;
    const { receiveBuffer } = this.#fabric;
    while (this.#closed === undefined && !this.#paused && this.#arrived.length > 0) {
      const count = Math.min(this.#arrived.length, receiveBuffer.length);
      this.#arrived.takeInto(receiveBuffer, count);
      this.#peer?.confirm(count);
      this.#handlers.onBytes(receiveBuffer.subarray(0, count));
    }
    if (this.#closed !== undefined) this.#tellClosed();
    else if (this.#endArrived && this.#arrived.length === 0) this.#takeEnd();
  };

  /** The other side took so many bytes: there is room for more. */
  confirm(count: number): void {
    this.#inFlightBytes -= count;
    if (this.#outgoing.length > 0) this.#planFlush();
  }

  #takeEnd(): void {
    if (this.#reading === 'ended') return;
    this.#reading = 'ended';
    if (this.#writing === 'ended') this.#close('ended');
    else this.end();
  }

  #close(reason: ConnectionEnd): void {
    if (this.#closed !== undefined) return;
    this.#closed = reason;
    this.#outgoing.clear();
    this.#arrived.clear();
    this.#cancelRetry?.();
    this.#cancelLinger?.();
    this.#ends.forget(this);
    this.#tell(() => this.#tellClosed());
  }

  readonly #tellDrain = (): void => {
    if (this.#closed !== undefined || this.#outgoing.length > 0 || !this.#drainOwed) return;
    this.#drainOwed = false;
    this.#handlers?.onDrain();
  };

  #tellClosed(): void {
    if (this.#closeTold || this.#handlers === undefined || this.#closed === undefined) return;
    this.#closeTold = true;
    this.#handlers.onClosed(this.#closed);
  }

  /** Calls back in a later turn, in the owner's loop. */
  #tell(run: () => void): void {
    this.#fabric.clock.afterTurn(() => this.#arriveAt(this.#ends.host, run));
  }

  #arriveAt(host: string, run: () => void): void {
    const { conditions } = this.#fabric;
    if (conditions === undefined) run();
    else conditions.arrive(host, 'stream', run);
  }

  /** Lets something happen at the other side after a delay, never before what was sent earlier. */
  #travel(delayMs: number, run: () => void): void {
    const { clock, conditions } = this.#fabric;
    if (conditions === undefined) {
      clock.afterTurn(run);
      return;
    }
    // The very number, not a difference added again: a rounding apart would let a later piece arrive first.
    const at = toMonotonicMs(Math.max(this.#arrivesAt, clock.now() + delayMs));
    this.#arrivesAt = at;
    clock.setTimer(at, () => this.#arriveAt(this.#ends.peerHost, run));
  }
}
