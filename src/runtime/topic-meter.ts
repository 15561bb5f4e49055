import { after, type CancelTimer, type Clock } from '../core/clock.js';
import type { BusSubscription, EventHandler, SubscribeOptions } from '../spi/bus.js';

/** Nobody asked for so long: counting ends, and costs nothing until somebody asks again. */
export const meterIdleMs = 5000;
/** Topics that are counted one by one; the events of all others are counted together. */
export const meteredTopicsMax = 10_000;
/** Topics that are told, the busiest first. */
const toldTopicsMax = 50;

/** How often a topic was published on here since somebody began to look. */
export interface TopicRate {
  readonly topic: string;
  readonly count: number;
}

/** What counts on behalf of a meter. */
export interface MeteredBus {
  subscribe(pattern: string, handler: EventHandler, options: SubscribeOptions): BusSubscription;
}

/**
 * Counts this node's publishes by topic while somebody looks: the first question subscribes to everything published here, and the
 * subscription ends a while after the last one. So a node that nobody watches pays nothing. Counts begin with the first question.
 */
export class TopicMeter {
  /** The meter's own subscription, by which lists of subscriptions leave it out. */
  static readonly subscriptionId = 'scalebus.topics';
  readonly #bus: MeteredBus;
  readonly #clock: Clock;
  readonly #counts = new Map<string, number>();
  #subscription: BusSubscription | undefined;
  #cancelIdle: CancelTimer | undefined;

  constructor(deps: { readonly bus: MeteredBus; readonly clock: Clock }) {
    this.#bus = deps.bus;
    this.#clock = deps.clock;
  }

  /** The busiest topics since counting began; empty on the first question. */
  read(): readonly TopicRate[] {
    this.#watch();
    const all = Array.from(this.#counts, ([topic, count]) => ({ topic, count }));
    return all.toSorted((left, right) => right.count - left.count).slice(0, toldTopicsMax);
  }

  /** Ends counting. Idempotent. */
  stop(): void {
    this.#cancelIdle?.();
    this.#cancelIdle = undefined;
    this.#subscription?.stop();
    this.#subscription = undefined;
    this.#counts.clear();
  }

  #watch(): void {
    this.#cancelIdle?.();
    this.#cancelIdle = this.#clock.setTimer(after(this.#clock.now(), meterIdleMs), () => this.stop());
    this.#subscription ??= this.#bus.subscribe('**', ({ topic }) => this.#count(topic), {
      id: TopicMeter.subscriptionId,
      broker: false,
    });
  }

  #count(topic: string): void {
    const known = this.#counts.get(topic);
    const name = known === undefined && this.#counts.size >= meteredTopicsMax ? otherTopics : topic;
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }
}

/** No topic of a user has this name: topics begin with a slash. */
const otherTopics = '(other topics)';
