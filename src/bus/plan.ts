import type { GroupStrategy, Receipt } from '../spi/bus.js';
import { hasOwnLane, usesSharedLane } from './subscribe-options.js';
import type { Subscriber } from './subscriber.js';

/** Which subscriptions of this node a topic reaches, worked out once and kept with the topic. */
export interface Plan {
  /** For what this node publishes. */
  readonly own: Fan;
  /** For what comes from another node on its shared lane. */
  readonly foreign: Fan;
}

/** The subscriptions for one origin. */
export interface Fan {
  /** Outside groups; smaller priority first, older first. As many as `receipt.local`, which is read on the hot path instead. */
  readonly plain: readonly Subscriber[];
  /** The one subscription of `plain` when there is no other: what most topics of most nodes reach. */
  readonly only: Subscriber | undefined;
  readonly groups: readonly FanGroup[];
  /** True when not all have the same priority: then tiers run one after another. */
  readonly tiered: boolean;
  /** What a publish returns when all of `plain` take it and there is nothing else. */
  readonly receipt: Receipt;
}

/** The members of one group on this node. */
export interface FanGroup {
  readonly name: string;
  readonly strategy: GroupStrategy;
  readonly members: readonly Subscriber[];
}

/** Nobody: what most publishes of a quiet node return. */
export const emptyReceipt: Receipt = Object.freeze({ local: 0, nodes: 0, groups: 0, dropped: 0 });

/** The plan of a subscription that is alone with its topics, unless it depends on the topic or is not plain. */
export function buildPlanOfOne(subscriber: Subscriber): Plan | undefined {
  return subscriber.isPlain ? new OnePlan(subscriber) : undefined;
}

/** Sorts what matched a topic into a plan. `topic` is undefined for a broadcast: then `only` cannot narrow. */
export function buildPlan(subscribers: readonly Subscriber[], topic: string | undefined): Plan {
  if (subscribers.length === 0) return emptyPlan;
  const wanting =
    topic === undefined
      ? subscribers
      : subscribers.filter(({ wanted }) => wanted.only === undefined || wanted.wants(topic));
  const [only] = wanting;
  if (wanting.length === 1 && only?.isPlain === true) return new OnePlan(only);
  if (wanting.every(({ options }) => options.local && options.broker && !hasOwnLane(options))) {
    const fan = buildFan(wanting);
    return { own: fan, foreign: fan };
  }
  return {
    own: buildFan(wanting.filter(({ options }) => options.local)),
    foreign: buildFan(wanting.filter(({ options }) => options.broker && usesSharedLane(options))),
  };
}

/** The plan of one plain subscription, and its only fan: made for each unique topic, so it is one small object. */
class OnePlan implements Plan, Fan {
  readonly only: Subscriber;

  constructor(only: Subscriber) {
    this.only = only;
  }

  get own(): Fan {
    return this;
  }

  get foreign(): Fan {
    return this;
  }

  get plain(): readonly Subscriber[] {
    return [this.only];
  }

  get groups(): readonly FanGroup[] {
    return noGroups;
  }

  get tiered(): boolean {
    return false;
  }

  get receipt(): Receipt {
    return oneReceipt;
  }
}

function buildFan(subscribers: readonly Subscriber[]): Fan {
  if (subscribers.length === 0) return emptyFan;
  const sorted = subscribers.toSorted(
    (left, right) => left.options.priority - right.options.priority || left.order - right.order,
  );
  const plain = sorted.filter(({ options }) => options.group === undefined);
  const first = sorted[0]?.options.priority;
  return {
    plain,
    only: plain.length === 1 ? plain[0] : undefined,
    groups: collectGroups(sorted),
    tiered: sorted.some(({ options }) => options.priority !== first),
    receipt: Object.freeze({ local: plain.length, nodes: 0, groups: 0, dropped: 0 }),
  };
}

function collectGroups(subscribers: readonly Subscriber[]): readonly FanGroup[] {
  const groups = new Map<string, { name: string; strategy: GroupStrategy; members: Subscriber[] }>();
  for (const subscriber of subscribers) {
    const group = subscriber.options.group;
    if (group === undefined) continue;
    const held = groups.get(group.name);
    if (held === undefined) groups.set(group.name, { ...group, members: [subscriber] });
    else held.members.push(subscriber);
  }
  return [...groups.values()];
}

const noGroups: readonly FanGroup[] = [];

const oneReceipt: Receipt = Object.freeze({ local: 1, nodes: 0, groups: 0, dropped: 0 });

const emptyFan: Fan = { plain: [], only: undefined, groups: [], tiered: false, receipt: emptyReceipt };

const emptyPlan: Plan = { own: emptyFan, foreign: emptyFan };
