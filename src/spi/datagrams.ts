import type { Address } from '../core/address.js';

/** Opens datagram sockets: UDP, or a network in memory. */
export interface Datagrams {
  /** Rejects with `address-in-use` or `unavailable`; nothing stays open then. Port 0 asks for any free one. */
  bind(local: Address): Promise<DatagramSocket>;
}

/** Carries small messages, best effort: one may be lost, delayed, repeated or overtaken. */
export interface DatagramSocket {
  /** Where it is bound; the port is the real one. */
  readonly local: Address;
  /**
   * Sends to `host:port`. MUST NOT throw for an address that cannot be reached and MUST NOT keep the bytes after it returns,
   * so the caller may reuse them. More than `datagramBytesMax` bytes is the caller's fault.
   */
  send(to: string, bytes: Uint8Array): void;
  /** One listener; a second call replaces the first. The bytes are lent for the call only. */
  listen(handle: DatagramHandler): void;
  /** Idempotent. Nothing is delivered after it was called. */
  close(): Promise<void>;
}

/** Gets one datagram; `from` is `host:port` as the network saw it. It MUST NOT throw. */
export type DatagramHandler = (from: string, bytes: Uint8Array) => void;
