import type { NodeId } from '../core/ids.js';
import type { Unlisten } from '../core/listeners.js';

/**
 * Tables that every node writes its own part of and every peer holds a copy of: who wants what, who serves what. Deltas travel
 * on links, a digest rides on gossip, and whoever lags pulls the range that it misses. A part belongs to one life of a node:
 * rows of an older epoch never touch those of a newer one.
 */
export interface Tables {
  /** Opens a table by its name, the same on every node, at most 16. A second opening of one name throws. */
  open(name: string): SharedTable;
}

/** This node's part, which it alone writes, and copies of everyone else's. */
export interface SharedTable {
  /** Grows by one with each `set` or `remove` that changed something. */
  readonly revision: number;
  /** Writes a row of this node; throws `too-large` beyond the limits of key, value or row count. Sent at the end of the turn. */
  set(key: string, value: Uint8Array): void;
  remove(key: string): void;
  /** The rows of another node as far as they are known; empty for strangers. */
  rowsOf(node: NodeId): ReadonlyMap<string, Uint8Array>;
  /** Nodes whose part is held, this one excluded. */
  nodes(): readonly NodeId[];
  /** Changes of other nodes' parts, from now on. */
  listen(listener: (change: TableChange) => void): Unlisten;
  /**
   * Calls `done` once, when every peer with a link that is up (or that comes up meanwhile) holds this node's part up to
   * `revision`, or is gone. Nothing is waited for by itself: the caller sets the deadline and calls the returned function.
   */
  whenHeld(revision: number, done: () => void): Unlisten;
}

/** What changed in another node's part. `gone`: the whole part was dropped, with the member or by a newer epoch. */
export type TableChange =
  | {
      readonly kind: 'set';
      readonly node: NodeId;
      readonly key: string;
      readonly value: Uint8Array;
    }
  | { readonly kind: 'removed'; readonly node: NodeId; readonly key: string }
  | { readonly kind: 'gone'; readonly node: NodeId };
