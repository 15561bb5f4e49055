import type { OutEvent } from './out-event.js';
import type { EventCopy, SendResult } from './outlet.js';
import type { Peer } from './peer.js';

/** The event as the peer's build reads it. */
export function formFor(peer: Peer, event: OutEvent): OutEvent {
  return peer.isBasic ? (event.basic ?? event) : event;
}

/** Adds up what became of one send: a node may have several lanes. */
export class SendTally {
  readonly #accepted: EventCopy[] = [];
  readonly #refused: EventCopy[] = [];

  get sent(): number {
    return this.#accepted.length;
  }

  get refusals(): number {
    return this.#refused.length;
  }

  count(copy: EventCopy, isAccepted: boolean): void {
    (isAccepted ? this.#accepted : this.#refused).push(copy);
  }

  result(): SendResult {
    const nodes = new Set(this.#accepted.map(({ node }) => node)).size;
    return { nodes, dropped: this.refusals, accepted: this.#accepted, refused: this.#refused };
  }
}

/** What one copy of an event is for. */
export function copyOf(peer: Peer, { won }: OutEvent): EventCopy {
  return { node: peer.id.name, won: won ?? noNames };
}

const noNames: readonly string[] = [];
