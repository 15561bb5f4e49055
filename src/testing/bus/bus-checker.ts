import { matchesSegments, parsePattern, topicToSegments, type TopicPattern } from '../../core/topic.js';
import type { BusEvent, Gap, Receipt } from '../../spi/bus.js';

/** A value that says which event it is: published by which life of which node, as its how-manieth. */
export interface MarkedValue {
  readonly life: string;
  readonly number: number;
}

/**
 * The outside observer of a simulation: knows every event that was published and every one that a subscription got, and judges.
 * It knows nothing of how the bus works.
 */
export class BusChecker {
  readonly faults: string[] = [];
  readonly #published: Published[] = [];
  readonly #byMark = new Map<string, Published>();
  readonly #subscriptions: CheckedSubscription[] = [];
  readonly #senderLosses = new Map<string, number>();
  deliveries = 0;

  /**
   * An event is about to be published: delivery at home comes before the receipt. `known` are the lanes, as `shared NODE` or `lane N NODE`,
   * whose nodes the publisher knows to want it; what it does not know its receipt does not claim, and whether it should know is judged at the end.
   */
  willPublish(value: MarkedValue, topic: string, known: ReadonlySet<string>): void {
    const node = value.life.split('@')[0] ?? '';
    const expected = this.#subscriptions.filter(
      (subscription) =>
        subscription.isSure &&
        subscription.wants(topic) &&
        (subscription.life === value.life || known.has(`${subscription.lane} ${subscription.node}`)),
    );
    const expectations = expected.map((subscription) => ({ subscription, revision: subscription.revision }));
    const event: Published = { value, node, gotBy: new Set(), expected: expectations, receipt: undefined };
    this.#published.push(event);
    this.#byMark.set(markOf(value), event);
  }

  /** What the publisher was told. */
  published(value: MarkedValue, receipt: Receipt): void {
    const event = this.#byMark.get(markOf(value));
    if (event !== undefined) event.receipt = receipt;
  }

  /** Nodes said that all their handlers are done with an event: whoever was sure to want it there MUST have got it by now. */
  confirmed(value: MarkedValue, nodes: readonly string[]): void {
    const event = this.#byMark.get(markOf(value));
    for (const { subscription, revision } of event?.expected ?? []) {
      if (!nodes.includes(subscription.node) || subscription.isOver || subscription.revision !== revision) continue;
      // What its own policy dropped is not lost on the way, and the node has handled it so far.
      if (subscription.dropped() > 0 || event?.gotBy.has(subscription) === true) continue;
      this.faults.push(`${markOf(value)} was confirmed as handled and is not at ${subscription.name}`);
    }
  }

  add(life: string, patterns: readonly string[]): CheckedSubscription {
    const subscription = new CheckedSubscription(this, life, patterns, this.#subscriptions.length);
    this.#subscriptions.push(subscription);
    return subscription;
  }

  /** A life of a node is over: nothing more can be expected of its subscriptions. */
  lifeEnded(life: string): void {
    for (const subscription of this.#subscriptions) if (subscription.life === life) subscription.end();
  }

  /** A sender said that it does not know the fate of, or never sent, so many events for a node. */
  senderLost(life: string, node: string, count: number): void {
    const key = `${life}>${node}`;
    this.#senderLosses.set(key, (this.#senderLosses.get(key) ?? 0) + count);
  }

  /** Takes one delivery. */
  delivered(subscription: CheckedSubscription, event: BusEvent): void {
    this.deliveries += 1;
    const value = event.value as MarkedValue;
    const published = this.#byMark.get(markOf(value));
    const name = `${markOf(value)} on ${event.topic} at ${subscription.name}`;
    if (published === undefined) {
      this.faults.push(`${name} was never published`);
      return;
    }
    if (published.gotBy.has(subscription)) this.faults.push(`${name} came twice`);
    published.gotBy.add(subscription);
    if (!subscription.wants(event.topic)) this.faults.push(`${name} was not wanted`);
    if (subscription.isOver) this.faults.push(`${name} came after stop`);
    const last = subscription.lastOf.get(value.life) ?? 0;
    if (value.number <= last) this.faults.push(`${name} came after number ${last}`);
    subscription.lastOf.set(value.life, value.number);
  }

  /** Judges what is missing, once everything had time to arrive. */
  judgeLosses(): void {
    const missing = new Map<string, { subscription: CheckedSubscription; life: string; node: string; count: number }>();
    for (const event of this.#published) {
      // The publisher was told that somebody will not get it; who, only a confirmed publish says.
      if (event.receipt === undefined || event.receipt.dropped > 0) continue;
      for (const { subscription, revision } of event.expected) {
        // An update may have taken back the wish while the event was on its way.
        if (subscription.isOver || subscription.revision !== revision || event.gotBy.has(subscription)) continue;
        const key = `${event.value.life}>${subscription.name}`;
        const entry = missing.get(key) ?? { subscription, life: event.value.life, node: subscription.node, count: 0 };
        entry.count += 1;
        missing.set(key, entry);
      }
    }
    for (const { subscription, life, node, count } of missing.values()) {
      const told = subscription.dropped() + subscription.gapOf(life) + (this.#senderLosses.get(`${life}>${node}`) ?? 0);
      if (count > told) this.faults.push(`${subscription.name} lacks ${count} events of ${life}, told of ${told}`);
    }
  }

  /** Events that were published. */
  get publishedCount(): number {
    return this.#published.length;
  }
}

/** A subscription as the checker sees it. */
export class CheckedSubscription {
  readonly life: string;
  readonly node: string;
  readonly name: string;
  readonly lastOf: Map<string, number> = new Map();
  /** Every node is sure to know it: what is published now is expected here. */
  isSure = false;
  /** The lane that it is fed by: `shared`, or `lane N` of its own. */
  lane = 'shared';
  isOver = false;
  /** Grows with each update. */
  revision = 0;
  /** Reads its own count of drops. */
  dropped: () => number = () => 0;
  readonly #checker: BusChecker;
  readonly #gaps = new GapLog();
  #patterns: readonly TopicPattern[];
  /** Answers of the textbook matcher: runs have few topics and many events. */
  #answers = new Map<string, boolean>();

  constructor(checker: BusChecker, life: string, patterns: readonly string[], index: number) {
    this.#checker = checker;
    this.life = life;
    this.node = life.split('@')[0] ?? '';
    this.name = `${life}/${index}`;
    this.#patterns = patterns.flatMap((pattern) => parsePattern(pattern));
  }

  update(patterns: readonly string[]): void {
    this.isSure = false;
    this.revision += 1;
    this.#answers = new Map();
    this.#patterns = patterns.flatMap((pattern) => parsePattern(pattern));
  }

  end(): void {
    this.isOver = true;
    this.isSure = false;
  }

  wants(topic: string): boolean {
    const known = this.#answers.get(topic);
    if (known !== undefined) return known;
    const segments = topicToSegments(topic);
    const answer = this.#patterns.some((pattern) => matchesSegments(pattern.segments, segments));
    this.#answers.set(topic, answer);
    return answer;
  }

  got(event: BusEvent): void {
    this.#checker.delivered(this, event);
  }

  gap(gap: Gap): void {
    this.#gaps.add(gap);
  }

  gapOf(life: string): number {
    return this.#gaps.of(life);
  }
}

/** How many events of each life a subscription was told to be missing; infinitely many when nobody could say. */
export class GapLog {
  readonly #counts = new Map<string, number>();

  add(gap: Gap): void {
    const life = `${gap.node}@${gap.epoch}`;
    const count = gap.to === undefined ? Number.POSITIVE_INFINITY : gap.to - gap.from + 1;
    this.#counts.set(life, this.of(life) + count);
  }

  of(life: string): number {
    return this.#counts.get(life) ?? 0;
  }
}

interface Published {
  readonly value: MarkedValue;
  readonly node: string;
  readonly gotBy: Set<CheckedSubscription>;
  readonly expected: readonly { readonly subscription: CheckedSubscription; readonly revision: number }[];
  receipt: Receipt | undefined;
}

function markOf(value: MarkedValue): string {
  return `${value.life}#${value.number}`;
}
