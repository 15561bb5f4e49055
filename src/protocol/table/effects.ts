import type { NodeId } from '../../core/ids.js';
import type { TableDigest } from '../../spi/membership.js';
import type { TableChange } from '../../spi/tables.js';

/** What the machine asks of its driver. None reenters the machine. */
export interface TableEffects {
  /** Sends rows on the channel that this node opened to the link. Takes one credit; may be lost with the link. */
  sendRows(link: number, message: Uint8Array): void;
  /** Sends an answer on the channel that the peer opened. Takes one credit; may be lost with the link. */
  sendAnswer(link: number, message: Uint8Array): void;
  /** Another node's part changed. */
  changed(table: string, change: TableChange): void;
  /** Some peer holds more than before, or is gone: ask `isHeld` again. */
  heldMoved(): void;
  /** There is something to send: call `pump` for every link at the end of the turn. May be repeated. */
  wake(): void;
  /** The peer sent what this protocol does not: end the link. */
  broken(link: number): void;
}

/** What was dropped or mended; every number only grows. */
export interface TableCounts {
  /** Messages of an epoch that is over. */
  stale: number;
  /** Messages about tables or of kinds that this build does not know. */
  unknown: number;
  /** Messages out of order. */
  gaps: number;
  malformed: number;
  /** Pulls that a digest caused. */
  repairs: number;
  /** Rows of other nodes beyond the limits. */
  dropped: number;
}

/** The other end of a link, and the wire version that both speak on it. */
export interface TablePeer extends NodeId {
  readonly wireVersion: number;
}

/** A digest as gossip brought it. */
export interface DigestFrom {
  readonly table: string;
  readonly node: NodeId;
  readonly digest: TableDigest;
}

/** Messages that each direction of one link may take now. */
export interface PumpCredit {
  readonly rows: number;
  readonly answers: number;
}
