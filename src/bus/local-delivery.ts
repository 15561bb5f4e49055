import { BoundedQueue } from '../core/bounded-queue.js';
import type { TopicPattern } from '../core/topic.js';
import type { Random } from '../core/random.js';
import { chooseCandidate, type Candidate } from '../protocol/bus/group.js';
import { TopicTrie, type TopicMatch } from '../protocol/bus/topic-trie.js';
import type { SharedEvent } from './event.js';
import { Gate } from './gate.js';
import { buildPlan, buildPlanOfOne, type Fan, type FanGroup, type Plan } from './plan.js';
import type { Subscriber } from './subscriber.js';
import type { Wanted } from './wanted.js';

/**
 * Gives events to the subscriptions of this node. What a handler publishes while it runs is delivered after the event that it
 * handles has reached everyone, so that all subscriptions see one order.
 */
export class LocalDelivery {
  readonly #trie = new TopicTrie<Subscriber, Plan>(buildPlan, { buildOne: buildPlanOfOne });
  readonly #random: Random;
  readonly #later = new BoundedQueue<Later>(laterMax);
  #delivering = false;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Throws `invalid-topic`. */
  find(topic: string): TopicMatch<Plan> {
    return this.#trie.find(topic);
  }

  findOverlap(patterns: readonly TopicPattern[]): Plan {
    return this.#trie.findOverlap(patterns);
  }

  add(subscriber: Subscriber): void {
    for (const pattern of subscriber.wanted.patterns) this.#trie.add(pattern, subscriber);
  }

  remove(subscriber: Subscriber): void {
    for (const pattern of subscriber.wanted.patterns) this.#trie.remove(pattern, subscriber);
  }

  /** Puts another set of patterns in place: first the new ones, then without the old ones that are gone. */
  update(subscriber: Subscriber, wanted: Wanted): void {
    const old = subscriber.wanted;
    const kept = new Set(wanted.patterns.map(({ text }) => text));
    subscriber.wanted = wanted;
    subscriber.state.revision += 1;
    for (const pattern of wanted.patterns) this.#trie.add(pattern, subscriber);
    for (const pattern of old.patterns) if (!kept.has(pattern.text)) this.#trie.remove(pattern, subscriber);
    // Kept patterns may have another `only` or other captures now.
    this.#trie.touch();
  }

  /** Chooses the member of a group on this node that gets an event. */
  chooseMember(group: FanGroup, key: string): Subscriber | undefined {
    if (group.members.length === 1) return group.members[0];
    const candidates = group.members.map(memberToCandidate);
    return group.members[chooseCandidate(group.strategy, candidates, key, this.#random)];
  }

  /**
   * Gives an event to the plain subscriptions of a fan and to the chosen members. Returns how many took it. `done` is held for
   * each of them.
   */
  deliver(fan: Fan, chosen: readonly Subscriber[], event: SharedEvent, done?: Gate): number {
    if (this.#delivering) return this.#deliverLater({ fan, chosen, event, done });
    this.#delivering = true;
    try {
      const taken = deliverNow(fan, chosen, event, done);
      this.#deliverRest();
      return taken;
    } finally {
      this.#delivering = false;
    }
  }

  #deliverRest(): void {
    for (let next = this.#later.shift(); next !== undefined; next = this.#later.shift()) {
      deliverNow(next.fan, next.chosen, next.event, next.done);
      next.done?.settle(true);
    }
  }

  #deliverLater(later: Later): number {
    if (!this.#later.push(later)) return 0;
    later.done?.hold();
    return later.fan.receipt.local + later.chosen.length;
  }
}

/** Most events that handlers may publish while one event is delivered; the rest is reported as dropped. */
const laterMax = 1_000_000;

interface Later {
  readonly fan: Fan;
  readonly chosen: readonly Subscriber[];
  readonly event: SharedEvent;
  readonly done: Gate | undefined;
}

function deliverNow(fan: Fan, chosen: readonly Subscriber[], event: SharedEvent, done: Gate | undefined): number {
  if (fan.tiered) return deliverTiers([...fan.plain, ...chosen].toSorted(byPriority), event, done);
  let taken = 0;
  const { only } = fan;
  if (only !== undefined) taken = only.offer(event, undefined, done) ? 1 : 0;
  else taken = offerEach(fan.plain, event, done);
  for (let index = 0; index < chosen.length; index += 1) {
    if (chosen[index]?.offer(event, undefined, done) === true) taken += 1;
  }
  return taken;
}

function offerEach(plain: readonly Subscriber[], event: SharedEvent, done: Gate | undefined): number {
  let taken = 0;
  for (let index = 0; index < plain.length; index += 1) {
    if (plain[index]?.offer(event, undefined, done) === true) taken += 1;
  }
  return taken;
}

function deliverTiers(sorted: readonly Subscriber[], event: SharedEvent, done: Gate | undefined): number {
  let taken = 0;
  let before: Gate | undefined;
  let tier: Gate | undefined;
  let priority: number | undefined;
  for (const subscriber of sorted) {
    if (tier === undefined || subscriber.options.priority !== priority) {
      closeTier(tier, done);
      before = tier;
      tier = new Gate();
      if (before !== undefined) openAfter(tier, before);
      priority = subscriber.options.priority;
    }
    if (subscriber.offer(event, before, tier)) taken += 1;
  }
  closeTier(tier, done);
  return taken;
}

/** Releases a tier's own hold. Its failures are its own; `done` hears of them. */
function closeTier(tier: Gate | undefined, done: Gate | undefined): void {
  if (tier === undefined) return;
  done?.hold();
  if (done !== undefined) tier.whenOpen(() => done.settle(tier.failed === 0));
  tier.settle(true);
}

/** A tier is not over before the one before it is, even if nobody of it took the event. */
function openAfter(tier: Gate, before: Gate): void {
  tier.hold();
  before.whenOpen(() => tier.settle(true));
}

function byPriority(left: Subscriber, right: Subscriber): number {
  return left.options.priority - right.options.priority || left.order - right.order;
}

/** A lossless subscription that could not take one more. */
export function isFull(subscriber: Subscriber): boolean {
  return subscriber.options.overflow === 'block' && !subscriber.hasRoom;
}

function memberToCandidate(member: Subscriber): Candidate {
  return {
    // As its lane is named, so that every node that publishes takes the same one for a key.
    name: String(member.order),
    epoch: 0,
    order: member.order,
    local: true,
    members: 1,
    inFlight: member.inFlight,
    isFull: isFull(member),
  };
}
