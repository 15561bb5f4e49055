import type { CancelToken } from '../core/cancel.js';
import type { ClusterError } from '../core/errors.js';

/** The event bus as gateways, rules and guests see it; the public `EventBus` adds the RxJS forms. */
export interface BusDoor {
  /**
   * Publishes on a plain topic, synchronously. `value` may be a function: it is called at most once, and only if somebody
   * wants the event. Throws `invalid-topic`, `invalid-options` and `too-large` for options that no receiver would take, and
   * `invalid-value` or `too-large` (above 60 MiB) when the value must leave the node and is not data, or too much.
   */
  publish(topic: string, value: unknown, options?: PublishOptions): Receipt;
  /** Publishes to every subscription that some topic of the pattern would reach. */
  broadcast(pattern: string, value: unknown, options?: PublishOptions): Receipt;
  /** Publishes and waits for the level asked for. Rejects only for the caller's faults; who did not confirm is in the report. */
  publishConfirmed(topic: string, value: unknown, options: ConfirmOptions): Promise<ConfirmReport>;
  /** Calls `handler` for each event; its errors are counted and reach nobody else. */
  subscribe(patterns: string | readonly string[], handler: EventHandler, options?: SubscribeOptions): BusSubscription;
  /** Asks and takes the first answer. Rejects with `no-responders` at once, or `deadline-exceeded`. */
  request(topic: string, value: unknown, options?: RequestOptions): Promise<BusEvent>;
  /** Asks everyone and takes the answers as they come, until `answersMax`, a stall, or all have answered. */
  requestMany(topic: string, value: unknown, options?: RequestManyOptions): AsyncIterable<BusEvent>;
  /** Answers requests on a pattern. What the handler throws reaches the asker as `remote`. */
  respond(pattern: string | readonly string[], handler: RespondHandler, options?: SubscribeOptions): BusSubscription;
}

/** One event as a subscription gets it. Values are shared between local subscriptions: read-only by contract. */
export interface BusEvent<T = unknown> {
  readonly topic: string;
  /** Bytes that came from another node may share their `buffer` with other values: copy them before a transfer to a worker. */
  readonly value: T;
  readonly headers: Readonly<Record<string, string>>;
  /** The node that published it. */
  readonly source: string;
  /** Segments that the subscription's pattern captured. */
  readonly captures: Readonly<Record<string, string>>;
}

/** Gets an event; a promise is waited for by `handled` confirmations, priorities and credit. What else it returns is ignored. */
export type EventHandler = (event: BusEvent) => unknown;

/** Answers a request; a returned async iterable answers more than once (for `requestMany`). */
export type RespondHandler = (event: BusEvent, context: RespondContext) => unknown;

/** What a responder knows beyond the event. */
export interface RespondContext {
  /** Cancelled when the asker went away or its deadline passed. */
  readonly cancel: CancelToken;
}

/** How to publish. */
export interface PublishOptions {
  /** Decides the member of a hashed group, and keeps order per key there. At most 8192 bytes. */
  readonly key?: string;
  /** At most 64, and 8192 bytes of names and texts together. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Not delivered later than this after the publish. At most 2^31 - 1; leave it out for no end. */
  readonly ttlMs?: number;
}

/** How far a confirmation goes: accepted by the operating system, received by the node, or handled by its handlers. */
export type ConfirmLevel = 'written' | 'delivered' | 'handled';

/** How to publish with confirmation. */
export interface ConfirmOptions extends PublishOptions {
  readonly level: ConfirmLevel;
  /** @defaultValue 5000 */
  readonly timeoutMs?: number;
}

/** Who got it, as far as the publisher knows when `publish` returns. */
export interface Receipt {
  /** Subscriptions of this node that got it. */
  readonly local: number;
  /** Other nodes that one copy each was accepted for. */
  readonly nodes: number;
  /** Groups that a winner was chosen for. */
  readonly groups: number;
  /** Nodes or subscriptions that wanted it and will not get it: a full buffer's policy dropped it. */
  readonly dropped: number;
}

/** What became of a confirmed publish. */
export interface ConfirmReport extends Receipt {
  readonly confirmed: readonly string[];
  /** Nodes that did not confirm in time, and why. After a re-send an event MAY be there twice. */
  readonly missing: readonly {
    readonly node: string;
    readonly why: 'deadline' | 'link-lost' | 'refused' | 'dropped' | 'handler-failed';
  }[];
  /** True when the event was sent again after a link was lost: then it is at least once. */
  readonly resent: boolean;
}

/** Who of a group gets an event. */
export type GroupStrategy = 'random' | 'local-first' | 'oldest' | 'hashed' | 'least-in-flight';

/**
 * What happens to an event when a subscription's buffer is full. `block` slows a lossless source down instead; in a group, its members on
 * one node are all `block` or none.
 */
export type OverflowPolicy = 'block' | 'drop-oldest' | 'drop-newest' | 'latest' | 'error';

/** How to subscribe. */
export interface SubscribeOptions {
  /** Names it in `explain`, metrics and logs. @defaultValue a number */
  readonly id?: string;
  /** Events published on this node. @defaultValue true */
  readonly local?: boolean;
  /** Events published on other nodes. @defaultValue true */
  readonly broker?: boolean;
  /** One subscription of the group, in the whole cluster, gets each event. */
  readonly group?: { readonly name: string; readonly strategy: GroupStrategy };
  /** Smaller is earlier; handlers of one tier end before the next begins, on one node. @defaultValue 0 */
  readonly priority?: number;
  /** Events handled at once; credit returns when the handler is done. @defaultValue 256 */
  readonly concurrencyMax?: number;
  /** Events that wait for a slow handler. @defaultValue 1024 */
  readonly queueMax?: number;
  /** @defaultValue 'drop-oldest' */
  readonly overflow?: OverflowPolicy;
  /** Only topics whose captured segment is one of a set: many devices as one entry, however many there are. */
  readonly only?: OnlyValues;
  /** Checks or changes each value before the handler; a throw drops the event and counts it. */
  readonly decode?: (value: unknown) => unknown;
  /**
   * Measures one event in so many: how long it waited and how long its handler took; see `SubscriptionStats.timing`. 0 measures
   * nothing. @defaultValue 0
   */
  readonly measureEvery?: number;
  /** Told when events of a publisher were lost on the way to this node. */
  readonly onGap?: (gap: Gap) => void;
  /** Told when this subscription's policy dropped events. */
  readonly onDropped?: (count: number) => void;
}

/** Narrows patterns to a set of values of one captured segment; every pattern MUST capture it, with no `**` before it. */
export interface OnlyValues {
  readonly capture: string;
  readonly values: ReadonlySet<string>;
}

/** Events that a peer accepted for this node and that never came. `to` is `undefined` when nobody can know how many. */
export interface Gap {
  readonly node: string;
  readonly epoch: number;
  readonly from: number;
  readonly to: number | undefined;
}

/** A running subscription. */
export interface BusSubscription {
  readonly id: string;
  readonly stats: SubscriptionStats;
  /**
   * Resolves when this node (`local`) or every live peer (`cluster`) knows it; rejects with `deadline-exceeded`. A member that has no
   * link for a second is not waited for: it learns of the subscription with its link.
   */
  ready(options?: { readonly scope?: 'local' | 'cluster'; readonly timeoutMs?: number }): Promise<void>;
  /** Grows with each `update`. */
  readonly revision: number;
  /**
   * Replaces the patterns, and the set of `only`, atomically: no event is missed that both sets want, and what waits in the queue
   * and is no longer wanted is not delivered. Without `only` no set narrows it from then on. An empty list is refused: stop it instead.
   */
  update(patterns: string | readonly string[], only?: OnlyValues): void;
  /** No handler is called after it returns. Idempotent. */
  stop(): void;
}

/** Counters of one subscription. */
export interface SubscriptionStats {
  readonly received: number;
  readonly handled: number;
  readonly dropped: number;
  readonly failed: number;
  readonly queued: number;
  /** There with `measureEvery` alone. */
  readonly timing?: SubscriptionTiming | undefined;
}

/** What was measured of a subscription's events, by this node's clock alone. */
export interface SubscriptionTiming {
  readonly samples: number;
  /** From the arrival at the subscription until the handler was called. */
  readonly lagMsMean: number;
  readonly lagMsMax: number;
  /** Until the handler returned, or its promise was settled. */
  readonly handlerMsMean: number;
  readonly handlerMsMax: number;
}

/** How to ask. */
export interface RequestOptions extends PublishOptions {
  /** @defaultValue 10000 */
  readonly timeoutMs?: number;
  readonly cancel?: CancelToken;
}

/** How to ask many. */
export interface RequestManyOptions extends RequestOptions {
  readonly answersMax?: number;
  /** Ends when no answer came for so long. */
  readonly stallMs?: number;
}

/** A fault that belongs to no caller: a handler's throw, a hostile batch. */
export interface BusFault {
  readonly subscription: string | undefined;
  readonly error: ClusterError;
}
