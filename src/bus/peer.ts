import { isSameNode, type NodeId } from '../core/ids.js';
import { ReceiveWindow } from '../protocol/bus/receive-window.js';
import type { LaneInterest, PatternInterest } from '../protocol/bus/interest-row.js';
import type { Link } from '../spi/links.js';
import { noHeaders, type EventRest } from './event.js';
import { HandledReports } from './handled-reports.js';
import type { InLane, PeerVocabulary } from './in-lane.js';
import type { LaneHello } from './lane-hello.js';
import type { OutLane } from './out-lane.js';

/** One life of another node, as the bus knows it: lanes there and back, and what it wants. */
export class Peer {
  readonly id: NodeId;
  readonly vocabulary: PeerVocabulary;
  /** For everything but lossless subscriptions. */
  readonly shared: OutLane;
  /** For lossless subscriptions of the peer, by their key. */
  readonly ownLanes: Map<string, OutLane> = new Map();
  /** Lanes whose subscription is gone, while what was sent on them may still be answered. */
  retired: readonly OutLane[] = [];
  readonly inLanes: Map<string, InLane> = new Map();
  readonly windows: Map<string, ReceiveWindow> = new Map();
  /** What handlers made of confirmed events, for the window of each lane. */
  readonly reports: Map<string, HandledReports> = new Map();
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
    return [this.shared, ...this.ownLanes.values(), ...this.retired];
  }

  /** The window of a lane, and whether it was known. Another window of that lane is over; it is returned as well. */
  openWindow({ key, windowId, hasSent }: LaneHello): OpenedWindow {
    const held = this.windows.get(key);
    const isSame = held?.windowId === windowId;
    const window = isSame ? held : new ReceiveWindow(windowId, hasSent);
    const known = isSame && !window.isForgotten;
    const reports = (known ? this.reports.get(key) : undefined) ?? new HandledReports();
    this.windows.set(key, window);
    this.reports.set(key, reports);
    return { window, reports, known, old: isSame ? undefined : held };
  }

  /** A subscription here is gone: nothing more comes on its lane, and nobody would hear of a gap in it. */
  closeWindow(key: string): void {
    this.windows.delete(key);
    this.reports.delete(key);
  }

  isLifeOf(id: NodeId): boolean {
    return isSameNode(this.id, id);
  }
}

/** The receiving end of a lane. */
export interface OpenedWindow {
  readonly window: ReceiveWindow;
  readonly reports: HandledReports;
  /** It goes on where an earlier connection ended. */
  readonly known: boolean;
  /** The window that it takes the place of. */
  readonly old: ReceiveWindow | undefined;
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
