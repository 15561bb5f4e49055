import { isFreeStrategy } from '../protocol/bus/group.js';
import { isFull, type LocalDelivery } from './local-delivery.js';
import type { Outlet, RouteGroup } from './outlet.js';
import type { FanGroup } from './plan.js';
import type { Subscriber } from './subscriber.js';

/** Says when a source that can wait may publish on a topic: while nobody lossless that the next event may be for is full. */
export class SourceRoom {
  readonly #delivery: LocalDelivery;
  readonly #outlet: Outlet | undefined;

  constructor(delivery: LocalDelivery, outlet: Outlet | undefined) {
    this.#delivery = delivery;
    this.#outlet = outlet;
  }

  has(topic: string): boolean {
    const found = this.#delivery.find(topic);
    const { plain, groups } = found.match.own;
    if (plain.some(isFull)) return false;
    const route = this.#outlet?.find(found.topic);
    if (route === undefined) return groups.every((group) => groupHasRoom(group, undefined));
    if (this.#outlet?.hasRoom(route) === false) return false;
    const theirs = new Map(route.groups.map((group) => [group.name, group]));
    for (const group of groups) {
      if (!groupHasRoom(group, theirs.get(group.name))) return false;
      theirs.delete(group.name);
    }
    for (const group of theirs.values()) if (!groupHasRoom(undefined, group)) return false;
    return true;
  }

  /** Calls `run` once when there may be room; it MUST ask again. */
  when(topic: string, run: () => void): void {
    if (this.has(topic)) {
      run();
      return;
    }
    let isTold = false;
    const once = (): void => {
      if (!isTold) run();
      isTold = true;
    };
    const { plain, groups } = this.#delivery.find(topic).match.own;
    const blockers: readonly Subscriber[] = [...plain, ...groups.flatMap(({ members }) => members)].filter(isFull);
    for (const blocker of blockers) blocker.whenRoom(once);
    this.#outlet?.whenRoom(once);
  }
}

/** Whoever is free to choose needs one member with room; the others may choose any that has none. */
function groupHasRoom(here: FanGroup | undefined, there: RouteGroup | undefined): boolean {
  const strategy = here?.strategy ?? there?.strategy ?? 'random';
  const members = here?.members ?? noMembers;
  const nodes = there?.nodes.filter(({ usable }) => usable) ?? noNodes;
  if (members.length + nodes.length === 0) return true;
  if (!isFreeStrategy(strategy)) return !members.some(isFull) && nodes.every(({ hasRoom }) => hasRoom);
  return members.some((member) => !isFull(member)) || nodes.some(({ hasRoom }) => hasRoom);
}

const noMembers: readonly Subscriber[] = [];

const noNodes: RouteGroup['nodes'] = [];
