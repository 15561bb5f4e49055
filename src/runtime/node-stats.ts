import type { SubscriptionInfo } from '../bus/event-bus.js';
import type { BusLinkInfo } from '../bus/link-info.js';
import type { NodeRooms } from './assemble.js';
import { TopicMeter, type TopicRate } from './topic-meter.js';

/** What a node counts, as `scalebus top` shows it. */
export interface NodeStats {
  readonly name: string;
  readonly members: readonly { readonly name: string; readonly status: string; readonly address: string }[];
  readonly links: readonly { readonly peer: string; readonly role: string; readonly bufferedBytes: number }[];
  readonly lanes: readonly BusLinkInfo[];
  readonly subscriptions: readonly SubscriptionInfo[];
  readonly topics: readonly TopicRate[];
}

/** Reads a node's counters. */
export function readStats({ membership, links, bus }: NodeRooms, meter: TopicMeter): NodeStats {
  return {
    name: membership.self.name,
    members: membership.members().map(({ name, status, address }) => ({ name, status, address })),
    links: links
      .links()
      .map((link) => ({ peer: link.peer.name, role: link.peer.role, bufferedBytes: link.bufferedBytes })),
    lanes: bus.links(),
    subscriptions: bus.subscriptions().filter(({ id }) => id !== TopicMeter.subscriptionId),
    topics: meter.read(),
  };
}
