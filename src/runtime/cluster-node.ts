import type { Observable } from 'rxjs';
import type { EventBus } from '../bus/event-bus.js';
import type { RpcManager } from '../cluster/rpc/rpc-manager.js';
import type { ClusterWatch, Gossip, Member, PartitionState } from '../spi/membership.js';
import type { KeyRing } from './key-ring.js';
import type { MembersEvent } from './members-stream.js';
import type { NodeParts } from './node-parts.js';

/** `idle` before `start`, `starting`, `running`, `stopping` from the first word of `stop`, `stopped` for good. */
export type NodeState = 'idle' | 'starting' | 'running' | 'stopping' | 'stopped';

/** One node of the cluster, in this process. */
export interface ClusterNode {
  readonly name: string;
  readonly state: NodeState;
  /** `host:port` that others reach it by. Throws `not-started` before `start` has resolved. */
  readonly address: string;
  /** Grows with each life of the name. Throws `not-started` before `start` has resolved. */
  readonly epoch: number;
  /** The event bus. Throws `not-started` before `start` has resolved. */
  readonly bus: EventBus;
  /** Typed calls. Throws `not-started` before `start` has resolved. */
  readonly rpc: RpcManager;
  /** Everybody known and not removed, this node included. */
  members(): readonly Member[];
  /** The members as a snapshot first, then each change: joined, updated, suspect, alive, left, failed. Cold, never ends before stop. */
  readonly members$: Observable<MembersEvent>;
  /** This node's own health, whether a part of the cluster is lost, and quorum. */
  readonly cluster: ClusterWatch;
  /** How much of the cluster is lost: the present state first, then each change of `partitioned` or `quorum`. Cold, ends with the node. */
  readonly partition$: Observable<PartitionState>;
  /** Small messages that ride on gossip: hints, best effort. Throws `not-started` before `start` has resolved. */
  readonly gossip: Gossip;
  /** The keys of a node that has a `key`, for gossip and for links: change it while the cluster runs by install, use, remove. */
  readonly keyRing: KeyRing | undefined;
  /** Changes what other nodes read as this member's metadata, up to 64 KiB; throws `too-large`. */
  updateMetadata(metadata: Uint8Array): void;
  /** For extenders: what gateways and rules built on this node take. */
  readonly parts: NodeParts;
  /**
   * Listens, joins, and makes links to the members that are there. Rejects with a code that says what to do: `invalid-options`, `address-in-use`,
   * `name-taken`, `join-failed`, `insecure-address`; then nothing runs.
   */
  start(): Promise<void>;
  /** Withdraws, drains up to `drainMs`, leaves, closes. Idempotent; a node that was stopped cannot be started again. */
  stop(): Promise<void>;
  /** What has been counted, in Prometheus' text form; empty when `metrics` was given as an option. */
  metricsText(): string;
}
