import type { GroupStrategy } from '../spi/bus.js';
import type { Plan } from './plan.js';
import type { Subscriber } from './subscriber.js';

/** Who would get an event on a topic if this node published it now, and why. Plain data. */
export interface Explanation {
  readonly topic: string;
  readonly node: string;
  readonly subscriptions: readonly ExplainedSubscription[];
  readonly nodes: readonly ExplainedNode[];
  readonly groups: readonly ExplainedGroup[];
  /** Who answers requests on it. */
  readonly responders: readonly { readonly node: string; readonly plain: number; readonly groups: readonly string[] }[];
}

/** A subscription of this node. */
export interface ExplainedSubscription {
  readonly id: string;
  /** Its patterns that match. */
  readonly patterns: readonly string[];
  readonly group: string | undefined;
  readonly priority: number;
  /** Gets what this node publishes. */
  readonly local: boolean;
  /** Gets what other nodes publish. */
  readonly broker: boolean;
}

/** Another node that wants the topic. */
export interface ExplainedNode {
  readonly node: string;
  readonly epoch: number;
  /** Its rows that match: patterns, `hashes`, or the lane of a lossless subscription. */
  readonly because: readonly string[];
  /** False while its link is down: events wait for it. */
  readonly linked: boolean;
  /** True while its membership doubts it: no group chooses it. */
  readonly suspect: boolean;
  /** Events for it that are not acknowledged. */
  readonly inFlight: number;
}

/** A group that gets one copy. */
export interface ExplainedGroup {
  readonly name: string;
  readonly strategy: GroupStrategy;
  readonly members: readonly { readonly node: string; readonly members: number; readonly usable: boolean }[];
  /** Who would win now with this topic as key; `undefined` where chance decides. */
  readonly winner: string | undefined;
}

/** Describes the subscriptions of this node that a plan names. */
export function explainSubscriptions(plan: Plan, topic: string): readonly ExplainedSubscription[] {
  const subscribers = new Set<Subscriber>();
  for (const fan of [plan.own, plan.foreign]) {
    for (const subscriber of fan.plain) subscribers.add(subscriber);
    for (const { members } of fan.groups) for (const member of members) subscribers.add(member);
  }
  return Array.from(subscribers, (subscriber) => ({
    id: subscriber.id,
    patterns: subscriber.wanted.matching(topic),
    group: subscriber.options.group?.name,
    priority: subscriber.options.priority,
    local: subscriber.options.local,
    broker: subscriber.options.broker,
  }));
}
