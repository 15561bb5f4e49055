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
        (subscription.life === value.life ||
          (subscription.isKnownTo(value.life) && known.has(`${subscription.lane} ${subscription.node}`))),
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
    subscription.came(value);
  }

  /** Judges what is missing, once everything had time to arrive. */
  judgeLosses(): void {
    const missing = new Map<string, Missing>();
    for (const event of this.#published) {
      // A publish that never returned told nothing.
      if (event.receipt === undefined) continue;
      const lacking = this.#lackingOf(event);
      if (event.receipt.dropped > 0) {
        this.#judgeDropped(event, event.receipt.dropped, lacking);
        continue;
      }
      for (const subscription of lacking) {
        const key = `${event.value.life}>${subscription.name}`;
        const entry = missing.get(key) ?? { subscription, life: event.value.life, count: 0 };
        entry.count += 1;
        missing.set(key, entry);
      }
    }
    this.#judgeMissing([...missing.values()]);
  }

  /** Who should have got it, did not, and was not told that an unknown number of events around it is lost. */
  #lackingOf({ value, expected, gotBy }: Published): readonly CheckedSubscription[] {
    const lacking: CheckedSubscription[] = [];
    for (const { subscription, revision } of expected) {
      // An update may have taken back the wish while the event was on its way.
      if (subscription.isOver || subscription.revision !== revision || gotBy.has(subscription)) continue;
      if (!subscription.gaps.covers(value.life, value.number)) lacking.push(subscription);
    }
    return lacking;
  }

  /** The publisher was told how many copies were refused, not which: one for each lane, or for each subscription at home. */
  #judgeDropped({ value }: Published, dropped: number, lacking: readonly CheckedSubscription[]): void {
    const untold = lacking.filter((one) => one.dropped() + this.#toldOf(one, value.life) === 0);
    const copies = new Set(untold.map((one) => (one.life === value.life ? one.name : `${one.lane} ${one.node}`)));
    if (copies.size <= dropped) return;
    const names = untold.map(({ name }) => name).join(' ');
    this.faults.push(`${markOf(value)} is at none of ${names}, and its receipt told of ${dropped} copies`);
  }

  /** A drop of a subscription's own policy excuses one event, whoever published it. */
  #judgeMissing(missing: readonly Missing[]): void {
    const ownDrops = new Map<CheckedSubscription, number>();
    for (const { subscription, life, count } of missing) {
      const left = ownDrops.get(subscription) ?? subscription.dropped();
      const told = this.#toldOf(subscription, life);
      ownDrops.set(subscription, Math.max(0, left - Math.max(0, count - told)));
      if (count <= told + left) continue;
      this.faults.push(`${subscription.name} lacks ${count} events of ${life}, told of ${told + left}`);
    }
  }

  #toldOf(subscription: CheckedSubscription, life: string): number {
    return subscription.gaps.of(life) + (this.#senderLosses.get(`${life}>${subscription.node}`) ?? 0);
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
  /** This node and those in `knownTo` are sure to know it: what they publish now is expected here. */
  isSure = false;
  /** The lane that it is fed by: `shared`, or `lane N` of its own. */
  lane = 'shared';
  isOver = false;
  /** Grows with each update. */
  revision = 0;
  /** Reads its own count of drops. */
  dropped: () => number = () => 0;
  /** Reads its own count of what reached it. */
  received: () => number = () => 0;
  readonly gaps: GapLog = new GapLog();
  readonly #checker: BusChecker;
  #got = 0;
  /** Lives of other nodes that had its wish when it was last asked. */
  #knownTo: ReadonlySet<string> = new Set();
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
    this.#knownTo = new Set();
    this.revision += 1;
    this.#answers = new Map();
    this.#patterns = patterns.flatMap((pattern) => parsePattern(pattern));
  }

  /** The bus says that all linked peers know it; these are they. A node without a link learns it with the next one. */
  sure(linked: Iterable<string>): void {
    this.isSure = true;
    this.#knownTo = new Set([...this.#knownTo, ...linked]);
  }

  isKnownTo(life: string): boolean {
    return this.#knownTo.has(life);
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
    this.gaps.add(gap, this.lastOf.get(`${gap.node}@${gap.epoch}`), this.received());
  }

  /** An event of it was taken in; for the checker. */
  came({ life, number }: MarkedValue): void {
    this.#got += 1;
    this.gaps.came(life, number, this.#got);
  }
}

/**
 * What a subscription was told to be missing of each life: so many events, or, where nobody could say how many, all between what it
 * had of that life by then and what comes of it next.
 */
export class GapLog {
  readonly #counts = new Map<string, number>();
  readonly #openEnded = new Map<string, OpenGap[]>();

  /** `last`: the number of that life's event that the subscription took in last; `received`: how many events had reached it. */
  add(gap: Gap, last = 0, received = 0): void {
    const life = `${gap.node}@${gap.epoch}`;
    if (gap.to === undefined) {
      const held = this.#openEnded.get(life) ?? [];
      this.#openEnded.set(life, held);
      held.push({ above: last, receivedBefore: received, below: Number.POSITIVE_INFINITY });
    } else {
      this.#counts.set(life, this.of(life) + gap.to - gap.from + 1);
    }
  }

  /** An event of a life was taken in, the `got`-th of all: where more came than before a gap, this one came after it. */
  came(life: string, number: number, got: number): void {
    for (const gap of this.#openEnded.get(life) ?? []) {
      if (got > gap.receivedBefore) gap.below = Math.min(gap.below, number);
    }
  }

  /** Says whether an event is where an unknown number was lost. */
  covers(life: string, number: number): boolean {
    return this.#openEnded.get(life)?.some(({ above, below }) => number > above && number < below) ?? false;
  }

  hasOpenEnd(life: string): boolean {
    return this.#openEnded.has(life);
  }

  /** Events of a life in gaps whose end is known. */
  of(life: string): number {
    return this.#counts.get(life) ?? 0;
  }
}

/** Events of a life whose numbers lie between two that came. */
interface OpenGap {
  readonly above: number;
  /** What had reached the subscription may still wait in its queue, and comes without saying anything of this gap. */
  readonly receivedBefore: number;
  below: number;
}

interface Missing {
  readonly subscription: CheckedSubscription;
  readonly life: string;
  count: number;
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
