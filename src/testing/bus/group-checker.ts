import type { BusEvent } from '../../spi/bus.js';
import type { MarkedValue } from './bus-checker.js';

/** A member of a group as the observer sees it. */
export interface CheckedMember {
  readonly node: string;
  /** Events that it said it dropped. */
  dropped(): number;
  /** Events of a life that it was told are lost on the way to it. */
  gapOf(life: string): number;
}

/**
 * The outside observer of one group: each event reaches one member at most, and one that reached none is excused by what was told
 * (a drop, a receipt, a gap, an unknown or a refused delivery) or by a death: of a member, or of the publisher, with the event in its
 * hands.
 */
export class GroupChecker {
  readonly faults: string[] = [];
  readonly name: string;
  readonly #events = new Map<string, GroupEvent>();
  readonly #deaths: number[] = [];
  readonly #publisherDeaths = new Map<string, number>();
  readonly #members = new Set<CheckedMember>();
  delivered = 0;

  constructor(name: string) {
    this.name = name;
  }

  add(member: CheckedMember): void {
    this.#members.add(member);
  }

  /** A member's process died: nobody can tell what it had. One that stops in order tells everything. */
  died(atMs: number): void {
    this.#deaths.push(atMs);
  }

  /** A publisher died with what it had not handed over, and with the knowledge of it. */
  publisherDied(life: string, atMs: number): void {
    this.#publisherDeaths.set(life, atMs);
  }

  /** An event for the group is about to be published. */
  willPublish(value: MarkedValue, atMs: number): void {
    this.#events.set(markOf(value), { life: value.life, atMs, gotBy: [], isPromised: false });
  }

  /** The publisher was told that a winner was chosen and nothing dropped. */
  promised(value: MarkedValue): void {
    const event = this.#events.get(markOf(value));
    if (event !== undefined) event.isPromised = true;
  }

  got(member: CheckedMember, event: BusEvent): void {
    this.delivered += 1;
    const mark = markOf(event.value as MarkedValue);
    const known = this.#events.get(mark);
    if (known === undefined) {
      this.faults.push(`group ${this.name} got ${mark}, which was never published`);
      return;
    }
    known.gotBy.push(member.node);
    if (known.gotBy.length > 1) this.faults.push(`group ${this.name} got ${mark} at ${known.gotBy.join(' and ')}`);
  }

  /** Judges what nobody got. `told` says how many events of a life were told to be lost, wherever they were going. */
  judge(told: (life: string) => number): void {
    const missing = new Map<string, number>();
    for (const event of this.#events.values()) {
      if (!event.isPromised || event.gotBy.length > 0 || this.#isExcused(event)) continue;
      missing.set(event.life, (missing.get(event.life) ?? 0) + 1);
    }
    let dropped = 0;
    for (const member of this.#members) dropped += member.dropped();
    for (const [life, count] of missing) {
      let gaps = 0;
      for (const member of this.#members) gaps += member.gapOf(life);
      if (count <= told(life) + dropped + gaps) continue;
      const excuses = `told of ${told(life)}, ${dropped} dropped, ${gaps} in gaps`;
      this.faults.push(`group ${this.name} lacks ${count} events of ${life}, ${excuses}`);
    }
  }

  #isExcused(event: GroupEvent): boolean {
    const publisherDeath = this.#publisherDeaths.get(event.life);
    const deaths = publisherDeath === undefined ? this.#deaths : [...this.#deaths, publisherDeath];
    return deaths.some((atMs) => atMs >= event.atMs && atMs <= event.atMs + excuseMs);
  }
}

interface GroupEvent {
  readonly life: string;
  readonly atMs: number;
  readonly gotBy: string[];
  isPromised: boolean;
}

/** Longer than any event waits for a link in these runs. */
const excuseMs = 30_000;

function markOf(value: MarkedValue): string {
  return `${value.life}#${value.number}`;
}
