import { after, type Clock } from '../core/clock.js';
import { ClusterError } from '../core/errors.js';
import { parsePattern } from '../core/topic.js';
import { handledCode } from '../protocol/bus/bus-frame.js';
import type { BusCore } from './bus-core.js';
import type { BusMeter } from './bus-meter.js';
import { noHeaders, SharedEvent } from './event.js';
import { Gate } from './gate.js';
import type { ArrivedEvent } from './in-lane.js';
import type { Peer } from './peer.js';
import type { Fan, Plan } from './plan.js';
import type { Subscriber } from './subscriber.js';

/** Gives what came over links to this node's own subscriptions, and to nobody else. Decodes at most once, and only if wanted. */
export class Deliverer {
  readonly #core: BusCore;
  readonly #clock: Clock;
  readonly #meter: BusMeter;

  constructor(core: BusCore, clock: Clock, meter: BusMeter) {
    this.#core = core;
    this.#clock = clock;
    this.#meter = meter;
  }

  /**
   * `blocker`: it came on the lane of this subscription. Returns what to tell a sender that waits for the handlers, or a gate that
   * opens when they are done.
   */
  deliver(peer: Peer, blocker: Subscriber | undefined, arrived: ArrivedEvent): Gate | number {
    this.#meter.received.add();
    if (this.#core.isGuarded && this.#isForbidden(peer, arrived.topic)) return handledCode.failed;
    const fan = blocker === undefined ? this.#findFan(arrived) : undefined;
    const chosen = blocker === undefined ? this.#chooseMembers(fan, arrived) : wantsIt(blocker, arrived);
    if ((fan === undefined || fan.receipt.local === 0) && chosen.length === 0) return this.#tellUnwanted(arrived);
    const event = this.#decode(peer, arrived, blocker !== undefined);
    if (event === undefined) return handledCode.failed;
    const done = arrived.head.confirm === 2 ? new Gate() : undefined;
    this.#core.delivery.deliver(fan ?? ownLaneFan, chosen, event, done);
    if (blocker !== undefined || chosen.length >= arrived.won.length) {
      done?.settle(true);
      return done ?? handledCode.done;
    }
    return this.#tellPartial(done);
  }

  #tellUnwanted({ won }: ArrivedEvent): number {
    this.#meter.unwanted.add();
    // Who left a group is no reason to lose what the group should do.
    return won.length > 0 ? handledCode.refused : handledCode.done;
  }

  /** A group without a member here beside somebody who got it: not all was handled, and not all may be sent again. */
  #tellPartial(done: Gate | undefined): Gate | number {
    this.#meter.unwanted.add();
    done?.settle(false);
    return done ?? handledCode.partial;
  }

  #isForbidden(peer: Peer, topic: string): boolean {
    const isForbidden = !this.#core.isAllowed({ action: 'publish', topic, node: peer.id.name });
    if (isForbidden) this.#meter.forbidden.add();
    return isForbidden;
  }

  #findFan(arrived: ArrivedEvent): Fan {
    return this.#findPlan(arrived)?.foreign ?? ownLaneFan;
  }

  #findPlan({ topic, head }: ArrivedEvent): Plan | undefined {
    const { delivery } = this.#core;
    if (!head.broadcast) return delivery.find(topic).match;
    try {
      return delivery.findOverlap(parsePattern(topic));
    } catch {
      // A pattern of a later build's syntax: nobody here can want it.
      return undefined;
    }
  }

  #chooseMembers(fan: Fan | undefined, { won, head, topic }: ArrivedEvent): readonly Subscriber[] {
    if (fan === undefined || won.length === 0) return nobody;
    const chosen: Subscriber[] = [];
    for (const group of fan.groups) {
      if (!won.includes(group.name)) continue;
      const member = this.#core.delivery.chooseMember(group, head.key ?? topic);
      if (member !== undefined) chosen.push(member);
    }
    return chosen;
  }

  #decode(peer: Peer, arrived: ArrivedEvent, isPromised: boolean): SharedEvent | undefined {
    const { topic, head, bytes, valueStart, valueEnd } = arrived;
    try {
      const value = peer.vocabulary.decoder.decode(bytes, valueStart, valueEnd);
      if (head.ttlMs === undefined && head.headers === undefined && !isPromised) {
        return new SharedEvent(topic, value, peer.plainRest);
      }
      const expiresAt = head.ttlMs === undefined ? undefined : after(this.#clock.now(), head.ttlMs);
      const headers = head.headers ?? noHeaders;
      return new SharedEvent(topic, value, { headers, source: peer.id.name, expiresAt, isPromised });
    } catch (error) {
      this.#meter.undecodable.add();
      this.#core.tellFault({ subscription: undefined, error: ClusterError.from(error, 'invalid-value') });
      return undefined;
    }
  }
}

const nobody: readonly Subscriber[] = [];

const ownLaneFan: Fan = {
  plain: [],
  only: undefined,
  groups: [],
  tiered: false,
  receipt: { local: 0, nodes: 0, groups: 0, dropped: 0 },
};

/** A peer routes by hashes and by patterns that may be out of date: the subscription itself has the last word. */
function wantsIt(subscriber: Subscriber, { topic, head }: ArrivedEvent): readonly Subscriber[] {
  // One that stopped has no use for it, and a group has: the sender is to choose again.
  if (subscriber.stopped) return nobody;
  return head.broadcast || subscriber.wanted.wants(topic) ? [subscriber] : nobody;
}
