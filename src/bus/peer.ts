import { isSameNode, type NodeId } from '../core/ids.js';
import { ReceiveWindow } from '../protocol/bus/receive-window.js';
import type { LaneInterest, PatternInterest } from '../protocol/bus/interest-row.js';
import type { Link } from '../spi/links.js';
import { noHeaders, type EventRest } from './event.js';
import type { InLane, PeerVocabulary } from './in-lane.js';
import type { OutLane } from './out-lane.js';

/** One life of another node, as the bus knows it: lanes there and back, and what it wants. */
export class Peer {
  readonly id: NodeId;
  readonly vocabulary: PeerVocabulary;
  /** For everything but lossless subscriptions. */
  readonly shared: OutLane;
  /** For lossless subscriptions of the peer, by their key. */
  readonly ownLanes: Map<string, OutLane> = new Map();
  readonly inLanes: Map<string, InLane> = new Map();
  readonly windows: Map<string, ReceiveWindow> = new Map();
  /** What it wants, by row key. */
  readonly wants: Map<string, RemoteWant> = new Map();
  /** What its events without options have beside topic and value. */
  readonly plainRest: EventRest;
  link: Link | undefined;
  wasLinked = false;
  isSuspect = false;
  /** Its build lacks capabilities of the codec; a life never changes them. */
  isBasic = false;

  constructor(id: NodeId, vocabulary: PeerVocabulary, shared: OutLane) {
    this.id = id;
    this.vocabulary = vocabulary;
    this.shared = shared;
    this.plainRest = { headers: noHeaders, source: id.name, expiresAt: undefined };
  }

  /** Groups choose it only while its link is up and nobody doubts it. */
  get isUsable(): boolean {
    return this.link !== undefined && !this.isSuspect;
  }

  /** Every lane to it. */
  outLanes(): readonly OutLane[] {
    return [this.shared, ...this.ownLanes.values()];
  }

  /** The window of a lane, and whether it was known. Another window of that lane is over; it is returned as well. */
  openWindow(key: string, windowId: number): { window: ReceiveWindow; known: boolean; old: ReceiveWindow | undefined } {
    const held = this.windows.get(key);
    if (held?.windowId === windowId) return { window: held, known: true, old: undefined };
    const window = new ReceiveWindow(windowId);
    this.windows.set(key, window);
    return { window, known: false, old: held };
  }

  isLifeOf(id: NodeId): boolean {
    return isSameNode(this.id, id);
  }
}

/** One row of a peer's interest, ready for routing. */
export type RemoteWant =
  | { readonly kind: 'pattern'; readonly peer: Peer; readonly text: string; readonly interest: PatternInterest }
  | { readonly kind: 'lane'; readonly peer: Peer; readonly key: string; readonly interest: LaneInterest }
  | {
      readonly kind: 'values';
      readonly peer: Peer;
      readonly text: string;
      /** The segment whose hash is looked up; -1: the whole topic's. */
      readonly index: number;
      readonly buckets: Map<number, ReadonlySet<number>>;
    };
