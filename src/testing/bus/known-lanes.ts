import type { BusLinkInfo } from '../../bus/link-info.js';
import type { EventBus } from '../../bus/event-bus.js';

/** The lanes that a node would send an event on a topic by, as `shared NODE` or `lane N NODE`: what a `BusChecker` asks for. */
export function knownLanes(bus: Pick<EventBus, 'explain'> | undefined, topic: string): ReadonlySet<string> {
  const known = new Set<string>();
  for (const { node, because } of bus?.explain(topic).nodes ?? []) {
    for (const why of because) known.add(`${/^lossless (lane \d+)/.exec(why)?.[1] ?? 'shared'} ${node}`);
  }
  return known;
}

/** The lives that a node has a link to, as `NODE@EPOCH`. */
export function linkedLives(links: readonly Pick<BusLinkInfo, 'node' | 'epoch' | 'linked'>[]): readonly string[] {
  return links.filter(({ linked }) => linked).map(({ node, epoch }) => `${node}@${epoch}`);
}
