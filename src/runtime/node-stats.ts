import type { SubscriptionInfo } from '../bus/event-bus.js';
import type { NodeRooms } from './assemble.js';

/** What a node counts, as `scalebus top` shows it. */
export interface NodeStats {
  readonly name: string;
  readonly members: readonly { readonly name: string; readonly status: string; readonly address: string }[];
  readonly links: readonly { readonly peer: string; readonly role: string; readonly bufferedBytes: number }[];
  readonly subscriptions: readonly SubscriptionInfo[];
  readonly topics: readonly TopicRate[];
}

/** How often a topic was published on here. */
export interface TopicRate {
  readonly topic: string;
  readonly count: number;
}

/** Reads a node's counters. */
export function readStats({ membership, links, bus }: NodeRooms): NodeStats {
  return {
    name: membership.self.name,
    members: membership.members().map(({ name, status, address }) => ({ name, status, address })),
    links: links
      .links()
      .map((link) => ({ peer: link.peer.name, role: link.peer.role, bufferedBytes: link.bufferedBytes })),
    subscriptions: bus.subscriptions(),
    topics: [],
  };
}
