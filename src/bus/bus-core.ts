import type { Observable } from 'rxjs';
import { filter } from 'rxjs/internal/operators/filter';
import { ClusterError } from '../core/errors.js';
import { Listeners, type Unlisten } from '../core/listeners.js';
import { checkFunction, checkNumber, checkOptionNames, optionError } from '../core/options.js';
import { TimerWheel } from '../core/timer-wheel.js';
import { drawUnit } from '../core/random.js';
import type {
  BusEvent,
  BusFault,
  BusSubscription,
  ConfirmOptions,
  ConfirmReport,
  EventHandler,
  OnlyValues,
  PublishOptions,
  Receipt,
  SubscribeOptions,
} from '../spi/bus.js';
import { Admission } from './admission.js';
import { publishConfirmed } from './confirm.js';
import type {
  BusRequestManyOptions,
  BusRequestOptions,
  BusRespondHandler,
  EventBus,
  EventBusDeps,
  EventBusOptions,
  SubscriptionInfo,
  Undelivered,
} from './event-bus.js';
import { explainSubscriptions, type Explanation } from './explain.js';
import type { AccessRequest, BusHooks } from './hooks.js';
import { HandlerMeter } from './handler-meter.js';
import type { BusLinkInfo } from './link-info.js';
import { LocalDelivery } from './local-delivery.js';
import { createObservable, type BusObservable } from './observe.js';
import type { Outlet } from './outlet.js';
import { checkPublishFromOptions, checkPublishOptions } from './publish-options.js';
import { noOptions, Publisher } from './publisher.js';
import { publishFrom, type EventSource, type PublishFromOptions, type PublishFromReport } from './publish-from.js';
import { RequestDesk } from './request-desk.js';
import { Responder } from './responder.js';
import { noSubscribeOptions, resolveSubscribeOptions } from './subscribe-options.js';
import { SourceRoom } from './source-room.js';
import { Subscriber, type SubscriberHost } from './subscriber.js';
import { SubscriptionHandle, type SubscriptionOwner } from './subscription.js';
import { createWanted } from './wanted.js';

/**
 * The bus of one node: keeps its subscriptions, and joins publishing, delivery, requests and - when there is one - the way out.
 */
export class BusCore implements EventBus {
  readonly delivery: LocalDelivery;
  readonly desk: RequestDesk;
  readonly #deps: EventBusDeps;
  readonly #hooks: BusHooks;
  readonly #outlet: Outlet | undefined;
  readonly #publisher: Publisher;
  readonly #faults = new Listeners<BusFault>();
  readonly #undelivered = new Listeners<Undelivered>();
  readonly #subscribers = new Set<Subscriber>();
  readonly #admission: Admission;
  readonly #room: SourceRoom;
  /** Of confirmed publishes. */
  readonly #deadlines: TimerWheel;
  readonly #host: SubscriberHost;
  readonly #subscriberOwner: SubscriptionOwner<Subscriber>;
  readonly #responderOwner: SubscriptionOwner<Responder>;
  #stopped = false;

  constructor(deps: EventBusDeps, options: EventBusOptions, makeOutlet?: (core: BusCore) => Outlet) {
    this.#deps = deps;
    this.#hooks = options.hooks ?? {};
    this.delivery = new LocalDelivery(deps.random);
    this.#deadlines = new TimerWheel(deps.clock);
    this.#outlet = makeOutlet?.(this);
    this.#admission = new Admission({ self: deps.self.name, hooks: this.#hooks, outlet: this.#outlet });
    this.#room = new SourceRoom(this.delivery, this.#outlet);
    const shared = { ...deps, delivery: this.delivery, outlet: this.#outlet, hooks: this.#hooks };
    this.#publisher = new Publisher({ ...shared, checkValues: options.checkValues ?? false });
    this.desk = new RequestDesk(shared);
    this.#host = {
      clock: deps.clock,
      onFault: (fault) => this.tellFault(fault),
      onOverflow: (full, error) => {
        this.#close(full);
        this.tellFault({ subscription: full.id, error });
        full.onEnd?.(error);
      },
    };
    this.#subscriberOwner = {
      clock: deps.clock,
      whenKnown: (done) => this.#whenKnown(done),
      update: (subscriber, patterns, only) => this.#updateSubscriber(subscriber, patterns, only),
      stop: (subscriber) => this.#close(subscriber),
    };
    this.#responderOwner = {
      clock: deps.clock,
      whenKnown: (done) => this.#whenKnown(done),
      update: (responder, patterns, only) => this.#updateResponder(responder, patterns, only),
      stop: (responder) => this.#closeResponder(responder),
    };
  }

  publish(topic: string, value: unknown, options: PublishOptions = noOptions): Receipt {
    if (this.#stopped) this.#refuseStopped();
    return this.#publisher.publish(topic, value, options);
  }

  broadcast(pattern: string, value: unknown, options: PublishOptions = noOptions): Receipt {
    if (this.#stopped) this.#refuseStopped();
    return this.#publisher.broadcast(pattern, value, options);
  }

  publishMany(topic: string, values: Iterable<unknown>, options: PublishOptions = noOptions): Receipt {
    checkValueList(values);
    // For a list of none as well.
    if (options !== noOptions) checkPublishOptions(options);
    let [local, nodes, groups, dropped] = [0, 0, 0, 0];
    for (const value of values) {
      const receipt = this.publish(topic, value, options);
      local += receipt.local;
      nodes += receipt.nodes;
      groups += receipt.groups;
      dropped += receipt.dropped;
    }
    return { local, nodes, groups, dropped };
  }

  async publishConfirmed(topic: string, value: unknown, options: ConfirmOptions): Promise<ConfirmReport> {
    if (this.#stopped) this.#refuseStopped();
    const { clock, self } = this.#deps;
    const deps = { clock, deadlines: this.#deadlines, self: self.name };
    return publishConfirmed(this.#publisher, deps, { topic, value }, options);
  }

  async publishFrom(topic: string, source: EventSource, options: PublishFromOptions = {}): Promise<PublishFromReport> {
    checkPublishFromOptions(options);
    const publishOptions = toPublishOptions(options);
    return publishFrom(
      {
        publish: (value) => this.publish(topic, value, publishOptions),
        hasRoom: () => this.#room.has(topic),
        whenRoom: (run) => this.#room.when(topic, run),
      },
      source,
      options,
    );
  }

  subscribe(
    patterns: string | readonly string[],
    handler: EventHandler,
    options: SubscribeOptions = noSubscribeOptions,
  ): BusSubscription {
    return this.#open(patterns, handler, options);
  }

  observe(patterns: string | readonly string[], options: SubscribeOptions = {}): BusObservable {
    // Here, where the caller is, and not once somebody subscribes.
    resolveSubscribeOptions(options);
    createWanted(patterns, options.only);
    return createObservable((...args) => this.#open(...args), patterns, options);
  }

  request(topic: string, value: unknown, options: BusRequestOptions = noOptions): Promise<BusEvent> {
    if (this.#stopped) return Promise.reject(new ClusterError('stopped', 'the bus is stopped'));
    return this.desk.request(topic, value, options);
  }

  requestMany(topic: string, value: unknown, options: BusRequestManyOptions = noOptions): AsyncIterable<BusEvent> {
    if (this.#stopped) this.#refuseStopped();
    return this.desk.requestMany(topic, value, options);
  }

  respond(
    patterns: string | readonly string[],
    handler: BusRespondHandler,
    options: SubscribeOptions = noSubscribeOptions,
  ): BusSubscription {
    checkFunction('the handler', handler);
    if (this.#stopped) this.#refuseStopped();
    const { resolved, wanted, order } = this.#admission.admit('respond', patterns, options);
    const responder = new Responder(handler, { options: resolved, order, wanted });
    this.desk.add(responder);
    if (resolved.broker) this.#outlet?.responding(responder);
    return new SubscriptionHandle(responder, this.#responderOwner);
  }

  onFault(listener: (fault: BusFault) => void): Unlisten {
    checkFunction('the listener', listener);
    return this.#faults.add(listener);
  }

  /** True when an access hook must be asked about each event. */
  get isGuarded(): boolean {
    return this.#hooks.allow !== undefined;
  }

  /** What the access hook says of something that came by a link. One that throws allows nothing, and has a fault. */
  isAllowed(request: AccessRequest): boolean {
    try {
      return this.#hooks.allow === undefined || this.#hooks.allow(request);
    } catch (error) {
      this.tellFault({ subscription: undefined, error: ClusterError.from(error, 'handler-failed') });
      return false;
    }
  }

  onUndelivered(listener: (undelivered: Undelivered) => void): Unlisten {
    checkFunction('the listener', listener);
    return this.#undelivered.add(listener);
  }

  /** Tells the program of events that will not arrive, or may not; for the way out. */
  tellUndelivered(undelivered: Undelivered): void {
    this.#undelivered.tellEach(undelivered, (error) => {
      this.tellFault({ subscription: undefined, error: ClusterError.from(error, 'handler-failed') });
    });
  }

  /** Reports a fault that belongs to no caller. Never throws. */
  tellFault(fault: BusFault): void {
    this.#faults.tellEach(fault, (error) => {
      this.#deps.logger?.error('a listener of faults has thrown', { node: this.#deps.self.name, error });
    });
  }

  explain(topic: string): Explanation {
    const { topic: normal, match } = this.delivery.find(topic);
    const nodes = this.#outlet?.explain(normal) ?? [];
    return {
      topic: normal,
      node: this.#deps.self.name,
      subscriptions: explainSubscriptions(match, normal),
      nodes,
      groups: this.#publisher.explainGroups(normal),
      responders: this.desk.explain(normal),
    };
  }

  tap(pattern: string, options: { readonly sample?: number } = {}): Observable<BusEvent> {
    checkOptionNames(options, tapNames, 'tap');
    const { sample = 1 } = options;
    checkNumber('sample', sample, 0, 1);
    const random = this.#deps.random.fork('tap');
    return this.observe(pattern).pipe(filter(() => sample >= 1 || drawUnit(random) < sample));
  }

  subscriptions(): readonly SubscriptionInfo[] {
    return this.subscribers().map((subscriber) => subscriberToInfo(subscriber));
  }

  links(): readonly BusLinkInfo[] {
    return this.#outlet?.links() ?? [];
  }

  /** The subscriptions themselves; for the way out. */
  subscribers(): readonly Subscriber[] {
    return [...this.#subscribers];
  }

  /** Ends every subscription and refuses everything from now on. Idempotent. */
  end(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    for (const subscriber of this.subscribers()) {
      this.#close(subscriber);
      subscriber.onEnd?.(undefined);
    }
    this.desk.stop();
  }

  #open(
    patterns: string | readonly string[],
    handler: EventHandler,
    options: SubscribeOptions,
    onEnd?: (error: ClusterError | undefined) => void,
  ): BusSubscription {
    checkFunction('the handler', handler);
    if (this.#stopped) this.#refuseStopped();
    const { resolved, wanted, order } = this.#admission.admit('subscribe', patterns, options);
    const { measureEvery } = resolved;
    const meter = measureEvery === 0 ? undefined : new HandlerMeter(this.#deps.clock, measureEvery);
    const hooked = this.#hookHandler(handler, resolved.id ?? String(order));
    const setup = { options: resolved, order, wanted, onEnd, meter };
    const subscriber = new Subscriber(this.#host, meter?.wrap(hooked) ?? hooked, setup);
    this.#subscribers.add(subscriber);
    this.delivery.add(subscriber);
    if (resolved.broker) this.#outlet?.subscribed(subscriber);
    return new SubscriptionHandle(subscriber, this.#subscriberOwner);
  }

  #close(subscriber: Subscriber): void {
    if (!this.#subscribers.delete(subscriber)) return;
    this.delivery.remove(subscriber);
    if (subscriber.options.broker) this.#outlet?.unsubscribed(subscriber);
    this.#admission.leave('subscribe', subscriber.options);
    subscriber.stop();
  }

  #updateSubscriber(subscriber: Subscriber, patterns: string | readonly string[], only?: OnlyValues): void {
    const before = subscriber.wanted;
    const wanted = this.#admission.admitUpdate('subscribe', patterns, only);
    this.#admission.assertTravels(subscriber.options, wanted);
    this.delivery.update(subscriber, wanted);
    if (subscriber.options.broker) this.#outlet?.updated(subscriber, before);
  }

  #updateResponder(responder: Responder, patterns: string | readonly string[], only?: OnlyValues): void {
    const before = responder.wanted;
    this.desk.update(responder, this.#admission.admitUpdate('respond', patterns, only));
    if (responder.options.broker) this.#outlet?.responding(responder, before);
  }

  #closeResponder(responder: Responder): void {
    this.desk.remove(responder);
    if (responder.options.broker) this.#outlet?.respondingEnded(responder);
    this.#admission.leave('respond', responder.options);
  }

  #hookHandler(handler: EventHandler, id: string): EventHandler {
    const { onDeliver } = this.#hooks;
    if (onDeliver === undefined) return handler;
    return (event) => {
      const changed = onDeliver(event, id);
      return changed === undefined ? undefined : handler(changed);
    };
  }

  #whenKnown(done: () => void): () => void {
    if (this.#outlet !== undefined) return this.#outlet.whenKnown(done);
    done();
    return () => undefined;
  }

  #refuseStopped(): never {
    throw new ClusterError('stopped', 'the bus is stopped');
  }
}

function subscriberToInfo(subscriber: Subscriber): SubscriptionInfo {
  const { id, received, handled, dropped, failed, queued, timing } = subscriber;
  const patterns = subscriber.wanted.patterns.map(({ text }) => text);
  const info = { id, patterns, received, handled, dropped, failed, queued };
  return timing === undefined ? info : { ...info, timing };
}

/** A text is a list of characters, which nobody means. */
function checkValueList(values: unknown): void {
  if (typeof values === 'object' && values !== null && Symbol.iterator in values) return;
  throw optionError('values', 'give an array or another iterable of values', values);
}

const tapNames: ReadonlySet<string> = new Set(['sample']);

function toPublishOptions(options: PublishFromOptions): PublishOptions {
  const { key, headers, ttlMs } = options;
  return {
    ...(key === undefined ? {} : { key }),
    ...(headers === undefined ? {} : { headers }),
    ...(ttlMs === undefined ? {} : { ttlMs }),
  };
}
