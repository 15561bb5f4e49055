import type { Address } from '../core/address.js';

/**
 * Opens ordered byte connections: TCP, TLS, Unix sockets (a host that begins with `/` is a path), or a network in memory.
 */
export interface Connections {
  /** Rejects with `address-in-use` or `unavailable`; nothing stays open then. Port 0 asks for any free one. */
  listen(local: Address, accept: (connection: Connection) => void): Promise<ConnectionServer>;
  /**
   * Rejects with `unavailable` when it cannot connect within `timeoutMs`; `details` is a `DialFault`. Nothing stays open then.
   */
  dial(to: Address, options: DialOptions): Promise<Connection>;
}

/** How one dial may go. */
export interface DialOptions {
  readonly timeoutMs: number;
}

/** Why a dial failed. `refused`: the machine is there and nobody listens; `silent`: no answer in time; `failed`: anything else. */
export type DialFault = 'refused' | 'silent' | 'failed';

/** A listening address. */
export interface ConnectionServer {
  readonly local: Address;
  /** Stops accepting; accepted connections live on. Idempotent. */
  close(): Promise<void>;
}

/** One ordered stream of bytes in both directions. */
export interface Connection {
  /** The other side, for logs and limits; it proves nothing. */
  readonly remote: string;
  /** What TLS proved about the other side; `undefined` without TLS. */
  readonly certificate: PeerCertificate | undefined;
  /** Bytes accepted by `write` and not yet taken by the operating system. */
  readonly bufferedBytes: number;
  /**
   * Sends in order. The connection owns the bytes until `bufferedBytes` is 0 again: the caller MUST NOT change them before.
   * After the end it does nothing.
   */
  write(bytes: Uint8Array): void;
  /** Called once, when the connection is handed over. Bytes that came before are kept and delivered then. */
  listen(handlers: ConnectionHandlers): void;
  /** Stops delivering bytes, so that the sender feels it. Ends are still told. */
  pause(): void;
  resume(): void;
  /** Sends what is buffered, then ends both directions within a bounded time. */
  end(): void;
  /** Ends at once; what is buffered is lost. */
  destroy(): void;
}

/** What a TLS connection knows about its other side. */
export interface PeerCertificate {
  /** True when the chain was verified against the configured authorities. */
  readonly authorized: boolean;
  /** Common name and alternative names. */
  readonly names: readonly string[];
}

/** What a connection tells its owner. None of these may throw. */
export interface ConnectionHandlers {
  /** Bytes in order, lent for the call only: copy what is kept. */
  onBytes(bytes: Uint8Array): void;
  /** `bufferedBytes` is 0 again after it was not. */
  onDrain(): void;
  /** Exactly once, and nothing after it. */
  onClosed(reason: ConnectionEnd): void;
}

/** How a connection ended: `ended` in order, `reset` by the other side, `failed` by the network, `destroyed` by this side. */
export type ConnectionEnd = 'ended' | 'reset' | 'failed' | 'destroyed';
