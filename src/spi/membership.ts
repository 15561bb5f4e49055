import type { NodeId } from '../core/ids.js';
import type { Unlisten } from '../core/listeners.js';

/**
 * `alive`: answers. `suspect`: somebody could not reach it; route elsewhere, keep its tables. `left`: said good-bye.
 * `failed`: removed. A member leaves the list with its `left` or `failed` event.
 */
export type MemberStatus = 'alive' | 'suspect' | 'left' | 'failed';

/** A node as the membership knows it. */
export interface Member extends NodeId {
  /** `host:port` where it takes datagrams and connections. */
  readonly address: string;
  readonly status: MemberStatus;
  /** The member's own counter inside one epoch; grows with each refutation and update. */
  readonly incarnation: number;
  /** Lowest and highest wire version that it speaks. */
  readonly wireMin: number;
  readonly wireMax: number;
  /**
   * For how long it has been silent while it is `suspect`, otherwise how late its event loop was when it last answered; measured when
   * this description was made. Absent or 0: it is on time, or nobody knows.
   */
  readonly lagMs?: number;
  /** Application bytes, `undefined` until they have been pulled. */
  readonly metadata: Uint8Array | undefined;
}

/** What happened to a member. `member` is its new state. */
export interface MemberEvent {
  readonly kind: 'joined' | 'updated' | 'suspect' | 'alive' | 'left' | 'failed';
  readonly member: Member;
}

/** A link's observation that bears on a member's health. */
export interface LinkEvidence {
  readonly node: NodeId;
  readonly address: string;
  /** `refused`: its machine says nobody listens; `reset`: the connection broke; `closed`: it ended in order; `heard`: bytes came. */
  readonly kind: 'refused' | 'reset' | 'closed' | 'heard';
}

/** The state of one single-writer table, small enough for every acknowledgement. */
export interface TableDigest {
  readonly revision: number;
  /** Hash over all rows at that revision. */
  readonly hash: number;
}

/** A table that lets its digest ride on gossip. */
export interface DigestSource {
  /** The digest of this node's own rows, now. */
  own(): TableDigest;
  /** Another node's digest came by; called often, MUST be cheap. */
  heard(from: NodeId, digest: TableDigest): void;
}

/** Who is here. Implemented by SWIM gossip and by a static list. */
export interface Membership {
  /** This node; `incarnation` and `metadata` change while it lives. */
  readonly self: Member;
  /** Everybody known and not removed, this node included, in no order. */
  members(): readonly Member[];
  findMember(name: string): Member | undefined;
  /** Events from now on, never inside this call. Take the snapshot from `members()` in the same turn and nothing is missed. */
  listen(listener: (event: MemberEvent) => void): Unlisten;
  /** Lets a table's digest ride on gossip; the same name on every node. At most 16 names. */
  attachDigest(name: string, source: DigestSource): Unlisten;
  /** Evidence shortens or ends doubts; it never removes a member by itself. */
  report(evidence: LinkEvidence): void;
  /** Changes this node's metadata, up to `memberMetadataBytesMax`; throws `too-large`. */
  updateMetadata(metadata: Uint8Array): void;
  /**
   * Resolves when this node listens and has answered or been answered by a seed, or is the first. Rejects with `name-taken`,
   * `join-failed` or `incompatible`; then nothing runs.
   */
  start(): Promise<void>;
  /** Tells the others and waits until enough of them can know, within `timeoutMs`. */
  leave(timeoutMs: number): Promise<void>;
  /** Ends everything without a word. Idempotent. */
  stop(): Promise<void>;
}

/** A message that a user gossiped. */
export interface GossipMessage {
  readonly from: NodeId;
  readonly topic: string;
  /** The receiver's to keep. */
  readonly bytes: Uint8Array;
  /** Sent to this node alone. */
  readonly direct: boolean;
}

/** Small messages that ride on gossip: best effort, no order, for hints and signals. Events and calls have the bus and RPC. */
export interface Gossip {
  /**
   * Tells every other member at most once, and nearly all of them, mostly within a second; whom chance leaves out is not told. Throws `too-large` above `spreadBytesMax` bytes or
   * `spreadTopicBytesMax` bytes of topic, `overloaded` when too many wait.
   */
  spread(topic: string, bytes: Uint8Array): void;
  /** Tells one member in one datagram. False when that life is not a member; throws `too-large`. */
  send(to: NodeId, topic: string, bytes: Uint8Array): boolean;
  /** Messages of a topic from other members, never inside another call of this membership. */
  listen(topic: string, listener: (message: GossipMessage) => void): Unlisten;
}

/** What this node thinks of its own state. */
export interface MembershipHealth {
  /** Lifeguard's local health: 0 is healthy; each step makes this node wait one more unit before it doubts others. */
  readonly score: number;
  /** How late the event loop was when it last ran late; 0 since it runs on time. */
  readonly lagMs: number;
  /** Nothing at all is heard from two or more peers although timers run on time: this node's own network is at fault. */
  readonly deaf: boolean;
}

/** How much of the cluster that was known a short while ago is out of reach. */
export interface PartitionState {
  /** Members that are reachable or were lost without a good-bye, this node included. */
  readonly knownCount: number;
  /** Those of them that failed; suspects do not count. */
  readonly lostCount: number;
  /** True from half of the known lost until only a quarter is. */
  readonly partitioned: boolean;
  /** More than half of the known are reachable. */
  readonly quorum: boolean;
}

/** The state of the cluster as a whole. Every `Membership` of this package implements it. */
export interface ClusterWatch {
  readonly health: MembershipHealth;
  readonly partition: PartitionState;
  /** Told when `partitioned` or `quorum` changes, never inside this call. */
  listenPartition(listener: (state: PartitionState) => void): Unlisten;
  /** Throws `quorum-lost` unless more than half of the known members are reachable. */
  requireQuorum(): void;
}
