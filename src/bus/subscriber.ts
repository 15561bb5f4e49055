import { BoundedQueue } from '../core/bounded-queue.js';
import type { Clock } from '../core/clock.js';
import { ClusterError } from '../core/errors.js';
import type { BusEvent, BusFault, EventHandler, Gap, SubscriptionStats, SubscriptionTiming } from '../spi/bus.js';
import { OwnEvent, type SharedEvent } from './event.js';
import type { Gate } from './gate.js';
import type { HandlerMeter } from './handler-meter.js';
import { SubscriberState, type Waiting } from './subscriber-state.js';
import { hasOwnLane, type ResolvedSubscribeOptions } from './subscribe-options.js';
import { isThenable } from './thenable.js';
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
  /** Its handler takes events as they are: nothing is decoded or captured. */
  #takesShared: boolean;
  #wanted: Wanted;
  readonly #handler: EventHandler;
  readonly #host: SubscriberHost;
  #state: SubscriberState | undefined;
  #stopped = false;

  constructor(host: SubscriberHost, handler: EventHandler, setup: SubscriberSetup) {
    this.#host = host;
    this.#handler = handler;
    this.options = setup.options;
    this.order = setup.order;
    this.#wanted = setup.wanted;
    this.#takesShared = takesShared(setup.options, setup.wanted);
    if (setup.onEnd !== undefined) this.state.onEnd = setup.onEnd;
    if (setup.meter !== undefined) this.state.meter = setup.meter;
  }

  get wanted(): Wanted {
    return this.#wanted;
  }

  set wanted(wanted: Wanted) {
    this.#wanted = wanted;
    this.#takesShared = takesShared(this.options, wanted);
  }

  /** True when it gets every event of its patterns, from this node's programs and from shared lanes, and no group chooses. */
  get isPlain(): boolean {
    const { local, broker, group } = this.options;
    if (!local || !broker || group !== undefined || hasOwnLane(this.options)) return false;
    // What narrows is captured, so one that takes events as they are has nothing of the kind, and its patterns stay where they are.
    return this.#takesShared || this.#wanted.only === undefined;
  }

  /** Its parts that most subscriptions never need; made by asking. */
  get state(): SubscriberState {
    return (this.#state ??= new SubscriberState());
  }

  get dropped(): number {
    return this.#state?.dropped ?? 0;
  }

  get failed(): number {
    return this.#state?.failed ?? 0;
  }

  get timing(): SubscriptionTiming | undefined {
    return this.#state?.meter?.read();
  }

  /** Grows with each update. */
  get revision(): number {
    return this.#state?.revision ?? 0;
  }

  /** Told once when the bus, not its owner, ends it; the error says why. */
  get onEnd(): SubscriberSetup['onEnd'] {
    return this.#state?.onEnd;
  }

  get id(): string {
    return this.options.id ?? `subscription-${this.order}`;
  }

  get queued(): number {
    return this.#state?.queue?.size ?? 0;
  }

  /** Events taken and not yet done with: what the least-in-flight strategy compares on this node. */
  get inFlight(): number {
    return (this.#state?.running ?? 0) + this.queued;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** Events it could take now without dropping one, beyond those it is promised. */
  get room(): number {
    const { concurrencyMax, queueMax } = this.options;
    const state = this.#state;
    if (state === undefined) return concurrencyMax + queueMax;
    return concurrencyMax - state.running + queueMax + state.laneRoom - this.queued - state.reserved;
  }

  /** True when this node's own programs may give it one more: the places of lanes are not theirs. */
  get hasRoom(): boolean {
    return this.room > (this.#state?.laneRoomKept ?? 0);
  }

  /**
   * Takes an event; false when its policy dropped it. `before` holds the handler back until it opens; `done` is held here and
   * settled exactly once, whatever becomes of the event.
   */
  offer(event: SharedEvent, before?: Gate, done?: Gate): boolean {
    if (this.#stopped) return false;
    this.received += 1;
    done?.hold();
    const own = this.#takesShared ? event : this.#view(event);
    if (own === undefined) {
      done?.settle(false);
      return false;
    }
    const state = this.#state;
    const mayStart = state === undefined || (state.running < this.options.concurrencyMax && this.queued === 0);
    if (mayStart && (before === undefined || before.isOpen)) {
      this.#run(own, done);
      return true;
    }
    return this.#enqueue(
      {
        event: own,
        expiresAt: event.expiresAt,
        revision: this.revision,
        arrivedAt: state?.meter?.stamp(),
        before,
        done,
      },
      event.isPromised,
    );
  }

  /** Calls `run` once when there is room again, or the subscription stopped. */
  whenRoom(run: () => void): void {
    if (this.#stopped || this.hasRoom) run();
    else (this.state.roomWaiters ??= []).push(run);
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
    else (this.state.idleWaiters ??= []).push(run);
  }

  /** No handler is called after it; what waits counts as dropped. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    const queue = this.#state?.queue;
    for (let waiting = queue?.shift(); waiting !== undefined; waiting = queue?.shift()) this.#drop(waiting);
    this.#tellRoom();
    if (this.inFlight === 0) this.#tellIdle();
  }

  #view(event: SharedEvent): BusEvent | undefined {
    const { decode } = this.options;
    if (decode === undefined) return new OwnEvent(event, event.value, this.wanted.patterns);
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
    this.state.running += 1;
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
    this.state.running -= 1;
    this.#goOn();
  }

  /** Starts what may start now, and tells who waits for the places that it left. */
  #goOn(): void {
    this.#pump();
    if (this.hasRoom) this.#tellRoom();
    if (this.inFlight === 0) this.#tellIdle();
    this.#state?.onProgress?.();
  }

  #fail(error: unknown, done: Gate | undefined): void {
    this.state.failed += 1;
    this.#fault(ClusterError.from(error, 'handler-failed'));
    done?.settle(false);
  }

  #fault(error: ClusterError): void {
    this.#host.onFault({ subscription: this.id, error });
  }

  #enqueue(waiting: Waiting, isPromised: boolean): boolean {
    const { overflow, queueMax } = this.options;
    const queue = (this.state.queue ??= new BoundedQueue(queueMax + (overflow === 'block' ? laneRoomMax : 0)));
    if (overflow === 'block' ? !isPromised && !this.hasRoom : queue.size >= queueMax) {
      if (overflow === 'drop-oldest' || overflow === 'latest') {
        const oldest = queue.shift();
        if (oldest !== undefined) this.#drop(oldest);
      } else {
        this.#drop(waiting);
        if (overflow === 'error') this.#overflow();
        return false;
      }
    }
    if (!queue.push(waiting)) {
      // Only a peer that sends more than it was promised comes here: the places of lanes are bounded too.
      this.#drop(waiting);
      return false;
    }
    if (waiting.before !== undefined && !waiting.before.isOpen) waiting.before.whenOpen(() => this.#goOn());
    return true;
  }

  #overflow(): void {
    const { queueMax } = this.options;
    const error = new ClusterError('overflow', `subscription ${this.id} let more than ${queueMax} events wait`);
    this.#host.onOverflow(this, error);
  }

  /** Starts what may start, in order; an event behind a closed gate holds back those after it. */
  #pump(): void {
    const state = this.#state;
    const queue = state?.queue;
    if (state === undefined || queue === undefined) return;
    while (!this.#stopped && state.running < this.options.concurrencyMax) {
      const next = queue.peek();
      if (next === undefined || (next.before !== undefined && !next.before.isOpen)) return;
      queue.shift();
      if (this.#isStale(next)) {
        this.#drop(next);
        continue;
      }
      // Counted while it is called: what the handler publishes to its own subscription waits its turn. An event that is offered
      // needs no such count, as `LocalDelivery` holds back what is published inside.
      if (next.arrivedAt !== undefined) state.meter?.waited(next.arrivedAt);
      state.running += 1;
      try {
        this.#run(next.event, next.done);
      } finally {
        state.running -= 1;
      }
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
    const { state } = this;
    state.dropped += 1;
    const { onDropped } = this.options;
    if (onDropped === undefined) return;
    state.droppedUntold += 1;
    if (state.droppedUntold > 1) return;
    // Told once a turn, so that a flood of drops is not a flood of calls.
    this.#host.clock.afterTurn(() => {
      const count = state.droppedUntold;
      state.droppedUntold = 0;
      try {
        onDropped(count);
      } catch (error) {
        this.#fault(ClusterError.from(error, 'handler-failed'));
      }
    });
  }

  #tellIdle(): void {
    const state = this.#state;
    const waiters = state?.idleWaiters;
    if (state === undefined || waiters === undefined) return;
    state.idleWaiters = undefined;
    for (const run of waiters) run();
  }

  #tellRoom(): void {
    const state = this.#state;
    const waiters = state?.roomWaiters;
    if (state === undefined || waiters === undefined) return;
    state.roomWaiters = undefined;
    for (const run of waiters) run();
  }
}

function takesShared({ decode }: ResolvedSubscribeOptions, { hasCaptures }: Wanted): boolean {
  return decode === undefined && !hasCaptures;
}

/** What a subscriber is made of. */
export interface SubscriberSetup {
  readonly options: ResolvedSubscribeOptions;
  readonly order: number;
  readonly wanted: Wanted;
  readonly onEnd?: SubscriberState['onEnd'];
  readonly meter?: HandlerMeter | undefined;
}

/** Most places that lanes may have: a batch each for a thousand peers. */
const laneRoomMax = 65_536;
