import { BoundedQueue } from '../core/bounded-queue.js';
import type { Clock } from '../core/clock.js';
import { ClusterError } from '../core/errors.js';
import type { BusEvent, BusFault, EventHandler, Gap, SubscriptionStats } from '../spi/bus.js';
import { OwnEvent, type SharedEvent } from './event.js';
import type { Gate } from './gate.js';
import type { ResolvedSubscribeOptions } from './subscribe-options.js';
import type { Wanted } from './wanted.js';

/** What a subscriber needs of its bus. */
export interface SubscriberHost {
  readonly clock: Clock;
  /** Told of faults that belong to no caller. MUST NOT throw. */
  onFault(fault: BusFault): void;
  /** The `error` policy struck: the subscription must end. */
  onOverflow(subscriber: Subscriber, error: ClusterError): void;
}

/**
 * One subscription on this node: runs its handler, at most `concurrencyMax` at once, and lets the rest wait in order, up to
 * `queueMax`. A handler that returns at once never touches the queue.
 */
export class Subscriber implements SubscriptionStats {
  readonly options: ResolvedSubscribeOptions;
  /** Grows with each subscription of this bus: the age that the `oldest` strategy compares. */
  readonly order: number;
  received = 0;
  handled = 0;
  dropped = 0;
  failed = 0;
  wanted: Wanted;
  revision = 0;
  /** Places that exist for lanes of peers, beyond the queue's own. */
  laneRoom = 0;
  /** Those of them that are kept for lanes that were promised nothing yet. */
  laneRoomKept = 0;
  /** Places that are promised to lanes of peers. */
  reserved = 0;
  /** Called whenever a handler is done, for who feeds it. */
  onProgress: (() => void) | undefined;
  /** Told once when the bus, not its owner, ends it; `error` says why. */
  readonly onEnd: ((error: ClusterError | undefined) => void) | undefined;
  readonly #handler: EventHandler;
  readonly #host: SubscriberHost;
  #queue: BoundedQueue<Waiting> | undefined;
  #running = 0;
  #stopped = false;
  #droppedUntold = 0;
  #roomWaiters: (() => void)[] | undefined;
  #idleWaiters: (() => void)[] | undefined;

  constructor(host: SubscriberHost, handler: EventHandler, setup: SubscriberSetup) {
    this.#host = host;
    this.#handler = handler;
    this.options = setup.options;
    this.order = setup.order;
    this.wanted = setup.wanted;
    this.onEnd = setup.onEnd;
  }

  get id(): string {
    return this.options.id ?? `subscription-${this.order}`;
  }

  get queued(): number {
    return this.#queue?.size ?? 0;
  }

  /** Events taken and not yet done with: what the least-in-flight strategy compares on this node. */
  get inFlight(): number {
    return this.#running + this.queued;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** Events it could take now without dropping one, beyond those it is promised. */
  get room(): number {
    const { concurrencyMax, queueMax } = this.options;
    return concurrencyMax - this.#running + queueMax + this.laneRoom - this.queued - this.reserved;
  }

  /** True when this node's own programs may give it one more: the places of lanes are not theirs. */
  get hasRoom(): boolean {
    return this.room > this.laneRoomKept;
  }

  /**
   * Takes an event; false when its policy dropped it. `before` holds the handler back until it opens; `done` is held here and
   * settled exactly once, whatever becomes of the event.
   */
  offer(event: SharedEvent, before?: Gate, done?: Gate): boolean {
    if (this.#stopped) return false;
    this.received += 1;
    done?.hold();
    const own = this.#view(event);
    if (own === undefined) {
      done?.settle(false);
      return false;
    }
    const mayStart = this.#running < this.options.concurrencyMax && this.queued === 0;
    if (mayStart && (before === undefined || before.isOpen)) {
      this.#run(own, done);
      return true;
    }
    return this.#enqueue(
      { event: own, expiresAt: event.expiresAt, revision: this.revision, before, done },
      event.isPromised,
    );
  }

  /** Calls `run` once when there is room again, or the subscription stopped. */
  whenRoom(run: () => void): void {
    if (this.#stopped || this.hasRoom) run();
    else (this.#roomWaiters ??= []).push(run);
  }

  /** Tells its owner, if it asked, that events were lost before they reached this node. */
  tellGap(gap: Gap): void {
    try {
      this.options.onGap?.(gap);
    } catch (error) {
      this.#fault(ClusterError.from(error, 'handler-failed'));
    }
  }

  /** Calls `run` once when nothing runs and nothing waits. */
  whenIdle(run: () => void): void {
    if (this.inFlight === 0) run();
    else (this.#idleWaiters ??= []).push(run);
  }

  /** No handler is called after it; what waits counts as dropped. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    for (let waiting = this.#queue?.shift(); waiting !== undefined; waiting = this.#queue?.shift()) this.#drop(waiting);
    this.#tellRoom();
  }

  #view(event: SharedEvent): BusEvent | undefined {
    const { decode } = this.options;
    if (decode === undefined) {
      return this.wanted.hasCaptures ? new OwnEvent(event, event.value, this.wanted.patterns) : event;
    }
    try {
      return new OwnEvent(event, decode(event.value), this.wanted.patterns);
    } catch (error) {
      this.#countDropped();
      this.#fault(ClusterError.from(error, 'invalid-value'));
      return undefined;
    }
  }

  #run(event: BusEvent, done: Gate | undefined): void {
    let result: unknown;
    try {
      result = this.#handler(event);
    } catch (error) {
      this.#fail(error, done);
      return;
    }
    if (!isThenable(result)) {
      this.handled += 1;
      done?.settle(true);
      return;
    }
    this.#running += 1;
    void result.then(
      () => {
        this.handled += 1;
        this.#finish();
        done?.settle(true);
        return undefined;
      },
      (error: unknown) => {
        this.#finish();
        this.#fail(error, done);
      },
    );
  }

  #finish(): void {
    this.#running -= 1;
    this.#pump();
    if (this.hasRoom) this.#tellRoom();
    if (this.inFlight === 0) this.#tellIdle();
    this.onProgress?.();
  }

  #fail(error: unknown, done: Gate | undefined): void {
    this.failed += 1;
    this.#fault(ClusterError.from(error, 'handler-failed'));
    done?.settle(false);
  }

  #fault(error: ClusterError): void {
    this.#host.onFault({ subscription: this.id, error });
  }

  #enqueue(waiting: Waiting, isPromised: boolean): boolean {
    const { overflow, queueMax } = this.options;
    this.#queue ??= new BoundedQueue(queueMax + (overflow === 'block' ? laneRoomMax : 0));
    if (overflow === 'block' ? !isPromised && !this.hasRoom : this.#queue.size >= queueMax) {
      if (overflow === 'drop-oldest' || overflow === 'latest') {
        const oldest = this.#queue.shift();
        if (oldest !== undefined) this.#drop(oldest);
      } else {
        this.#drop(waiting);
        if (overflow === 'error') this.#overflow();
        return false;
      }
    }
    this.#queue.push(waiting);
    if (waiting.before !== undefined && !waiting.before.isOpen) waiting.before.whenOpen(() => this.#pump());
    return true;
  }

  #overflow(): void {
    const { queueMax } = this.options;
    const error = new ClusterError('overflow', `subscription ${this.id} let more than ${queueMax} events wait`);
    this.#host.onOverflow(this, error);
  }

  /** Starts what may start, in order; an event behind a closed gate holds back those after it. */
  #pump(): void {
    const queue = this.#queue;
    if (queue === undefined) return;
    while (!this.#stopped && this.#running < this.options.concurrencyMax) {
      const next = queue.peek();
      if (next === undefined || (next.before !== undefined && !next.before.isOpen)) return;
      queue.shift();
      if (this.#isStale(next)) this.#drop(next);
      else this.#run(next.event, next.done);
    }
  }

  #isStale(waiting: Waiting): boolean {
    if (waiting.expiresAt !== undefined && this.#host.clock.now() > waiting.expiresAt) return true;
    return waiting.revision !== this.revision && !this.wanted.wants(waiting.event.topic);
  }

  #drop(waiting: Waiting): void {
    this.#countDropped();
    waiting.done?.settle(false);
  }

  #countDropped(): void {
    this.dropped += 1;
    const { onDropped } = this.options;
    if (onDropped === undefined) return;
    this.#droppedUntold += 1;
    if (this.#droppedUntold > 1) return;
    // Told once a turn, so that a flood of drops is not a flood of calls.
    this.#host.clock.afterTurn(() => {
      const count = this.#droppedUntold;
      this.#droppedUntold = 0;
      try {
        onDropped(count);
      } catch (error) {
        this.#fault(ClusterError.from(error, 'handler-failed'));
      }
    });
  }

  #tellIdle(): void {
    const waiters = this.#idleWaiters;
    if (waiters === undefined) return;
    this.#idleWaiters = undefined;
    for (const run of waiters) run();
  }

  #tellRoom(): void {
    const waiters = this.#roomWaiters;
    if (waiters === undefined) return;
    this.#roomWaiters = undefined;
    for (const run of waiters) run();
  }
}

/** What a subscriber is made of. */
export interface SubscriberSetup {
  readonly options: ResolvedSubscribeOptions;
  readonly order: number;
  readonly wanted: Wanted;
  readonly onEnd?: ((error: ClusterError | undefined) => void) | undefined;
}

/** Most places that lanes may have: a batch each for a thousand peers. */
const laneRoomMax = 65_536;

interface Waiting {
  readonly event: BusEvent;
  readonly expiresAt: SharedEvent['expiresAt'];
  readonly revision: number;
  readonly before: Gate | undefined;
  readonly done: Gate | undefined;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
