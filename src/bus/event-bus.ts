import type { Clock } from '../core/clock.js';
import type { NodeId } from '../core/ids.js';
import type { Unlisten } from '../core/listeners.js';
import type { Logger } from '../core/logger.js';
import type { Random } from '../core/random.js';
import type { Observable } from 'rxjs';
import type {
  BusDoor,
  BusEvent,
  BusFault,
  BusSubscription,
  PublishOptions,
  Receipt,
  RequestManyOptions,
  RequestOptions,
  RespondContext,
  SubscribeOptions,
  SubscriptionStats,
} from '../spi/bus.js';
import type { Explanation } from './explain.js';
import type { BusHooks } from './hooks.js';
import type { BusLinkInfo } from './link-info.js';
import type { BusObservable } from './observe.js';
import type { EventSource, PublishFromOptions, PublishFromReport } from './publish-from.js';

/** The event bus of one node, with the RxJS forms. Its whole contract is in `BusDoor`; this adds what programs like to have. */
export interface EventBus extends BusDoor {
  /** The events of some patterns as a cold Observable; see `BusObservable`. */
  observe(patterns: string | readonly string[], options?: SubscribeOptions): BusObservable;
  /** As `BusDoor.request`, and an AbortSignal cancels it: the responders are told, and it rejects with `cancelled`. */
  request(topic: string, value: unknown, options?: BusRequestOptions): Promise<BusEvent>;
  /** As `BusDoor.requestMany`, with an AbortSignal. */
  requestMany(topic: string, value: unknown, options?: BusRequestManyOptions): AsyncIterable<BusEvent>;
  /** As `BusDoor.respond`, with a context that has an AbortSignal. */
  respond(
    patterns: string | readonly string[],
    handler: BusRespondHandler,
    options?: SubscribeOptions,
  ): BusSubscription;
  /** Publishes several values on one topic, in order. The receipt adds up; `groups` counts choices. */
  publishMany(topic: string, values: Iterable<unknown>, options?: PublishOptions): Receipt;
  /**
   * Publishes what a source gives. An AsyncIterable is pulled only while every `block` subscription that wants it has room, here and
   * on other nodes, and so is what `fromCredit` makes, which is asked for some values ahead; an Observable cannot wait, so it needs a
   * lossy policy. Resolves when the source ends; when it rejects, the source is let go of.
   */
  publishFrom(topic: string, source: EventSource, options?: PublishFromOptions): Promise<PublishFromReport>;
  /**
   * Listens to faults that belong to no caller: a handler's throw, a value that a `decode` refused, a throw in another
   * listener. One that throws itself is logged.
   */
  onFault(listener: (fault: BusFault) => void): Unlisten;
  /**
   * Listens to events that a receipt counted as accepted for another node and that may not arrive, or will not. Together with
   * receipts and the gaps of subscribers it accounts for every event between two living nodes. A listener that throws is a fault.
   */
  onUndelivered(listener: (undelivered: Undelivered) => void): Unlisten;
  /** Who would get an event on this topic, and why. Throws `invalid-topic`. */
  explain(topic: string): Explanation;
  /**
   * Watches events of a pattern wherever they are published, as a cold Observable. `sample` is the share that is shown, from 0 to 1.
   * It is a subscription like others: all of its events come to this node, but a slow observer costs at most a bounded queue.
   */
  tap(pattern: string, options?: { readonly sample?: number }): Observable<BusEvent>;
  /** Every subscription of this node, with its counters. */
  subscriptions(): readonly SubscriptionInfo[];
  /** Counters of the lanes to and from each other node that is known; a stalled one has a growing `inFlight`. */
  links(): readonly BusLinkInfo[];
}

/** How to ask. */
export interface BusRequestOptions extends RequestOptions {
  /** Ends the asking, here and at the responders. */
  readonly signal?: AbortSignal;
}

/** How to ask many. */
export interface BusRequestManyOptions extends RequestManyOptions {
  /** Ends the asking, here and at the responders. */
  readonly signal?: AbortSignal;
}

/** What a responder knows beyond the event. */
export interface BusRespondContext extends RespondContext {
  /** Aborted when the asker went away or its deadline passed. */
  readonly signal: AbortSignal;
}

/** Answers a request; a returned async iterable answers more than once (for `requestMany`). */
export type BusRespondHandler = (event: BusEvent, context: BusRespondContext) => unknown;

/** One subscription as `subscriptions()` shows it. */
export interface SubscriptionInfo extends SubscriptionStats {
  readonly id: string;
  readonly patterns: readonly string[];
}

/** Events that left the publisher's hands without a receiver's acknowledgement, told once, when that is known. */
export type Undelivered = UnknownDelivery | UnsentEvents | RefusedEvents;

/** Sent and never acknowledged: some of them arrived, some did not, and nobody can know which. */
export interface UnknownDelivery {
  readonly kind: 'unknown';
  readonly node: string;
  readonly epoch: number;
  readonly count: number;
  /** Numbers on the lane to that node, both included. */
  readonly from: number;
  readonly to: number;
}

/** Accepted and never sent: they certainly did not arrive. */
export interface UnsentEvents {
  readonly kind: 'unsent';
  readonly node: string;
  readonly epoch: number;
  readonly count: number;
}

/**
 * Arrived at a node where a group that was to get them had no member any more. Whoever else wanted them there got them. Confirmed
 * events are not told here: another member is chosen for them, or their report says `refused`.
 */
export interface RefusedEvents {
  readonly kind: 'refused';
  readonly node: string;
  readonly epoch: number;
  readonly count: number;
}

/** What a bus is given. */
export interface EventBusDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly self: NodeId;
  /** Told when a listener of faults throws. @defaultValue says nothing */
  readonly logger?: Logger;
}

/** How a bus may be set up. */
export interface EventBusOptions {
  /** Middleware and access. */
  readonly hooks?: BusHooks;
  /** Refuses values that are not data even when nobody outside this node wants them. @defaultValue false */
  readonly checkValues?: boolean;
}
