import type { MonotonicMs } from '../../core/clock.js';
import type { Random } from '../../core/random.js';
import type { Armour } from './armour.js';
import type { SwimCounts } from './counts.js';
import type { Dissemination } from './dissemination.js';
import type { SelfState } from './identity.js';
import type { Returns } from './returns.js';
import type { Lags } from './lags.js';
import type { LocalHealth } from './local-health.js';
import type { MemberTable } from './member-table.js';
import type { SwimOptions } from './options.js';
import type { SuspicionBook } from './suspicion.js';

/** What the parts of one machine share. Made once by the machine; each part owns what is its own and asks the others here. */
export interface SwimParts {
  readonly options: SwimOptions;
  readonly self: SelfState;
  readonly table: MemberTable;
  readonly random: Random;
  /** News about members. */
  readonly gossip: Dissemination;
  /** Users' messages, which get the room that news leaves. */
  readonly spreads: Dissemination;
  readonly health: LocalHealth;
  readonly suspicions: SuspicionBook;
  readonly agenda: Agenda;
  readonly ears: Ears;
  readonly lags: Lags;
  readonly returns: Returns;
  readonly counts: SwimCounts;
  /** Seals and opens datagrams; `undefined` in a cluster without a key. */
  readonly armour: Armour | undefined;
}

/** Members that should be probed before it is their turn, and members whose metadata is wanted. Bounded; when full, new wishes are dropped. */
export class Agenda {
  readonly #probes: number[] = [];
  readonly #pulls = new Set<number>();

  /** Asks for a probe at the next turn. */
  wantProbe(slot: number): void {
    if (this.#probes.length < agendaMax && !this.#probes.includes(slot)) this.#probes.push(slot);
  }

  takeProbe(): number | undefined {
    return this.#probes.shift();
  }

  wantMetadata(slot: number): void {
    if (this.#pulls.size < pullsMax) this.#pulls.add(slot);
  }

  takeMetadata(): number | undefined {
    for (const slot of this.#pulls) {
      this.#pulls.delete(slot);
      return slot;
    }
    return undefined;
  }

  get wantsMetadata(): boolean {
    return this.#pulls.size > 0;
  }
}

/** Far more than a node can probe before its own turn comes round. */
const agendaMax = 64;
const pullsMax = 65_536;

/**
 * Whether anything at all is heard. While timers run on time and two probes in a row find nothing, no answer, no nack, nothing by
 * anybody, that says something about this node's network and nothing about the peers.
 */
export class Ears {
  #heardAt: MonotonicMs;
  #inVain = 0;
  #forgivenAt: MonotonicMs;

  constructor(now: MonotonicMs) {
    this.#heardAt = now;
    this.#forgivenAt = now;
  }

  get isDeaf(): boolean {
    return this.#inVain >= probesInVain;
  }

  /** When something came last. */
  get heardAt(): MonotonicMs {
    return this.#heardAt;
  }

  /** Nothing came for so long that it is our own fault: an answer and a question are due each period. */
  isSilent(now: MonotonicMs, periodMs: number): boolean {
    return now - this.#heardAt > periodMs * silentPeriods;
  }

  /** Notes a datagram; returns how long this node was silent until now, or 0 for no longer than usual. */
  heard(now: MonotonicMs, periodMs: number): number {
    const silentMs = this.isSilent(now, periodMs) ? now - this.#heardAt : 0;
    this.#heardAt = now;
    this.#inVain = 0;
    if (silentMs > 0) this.#forgivenAt = now;
    return silentMs;
  }

  /** A probe that began then ended without an answer. */
  probedInVain(startedAt: MonotonicMs): void {
    if (this.#heardAt < startedAt) this.#inVain += 1;
  }

  silentMs(now: MonotonicMs): number {
    return now - this.#heardAt;
  }

  /** The loop stood still; returns whether that time, or some of it, was made up for as silence already. */
  stalled(now: MonotonicMs, stallMs: number): boolean {
    this.#inVain = 0;
    return now - this.#forgivenAt < stallMs;
  }
}

const probesInVain = 2;
const silentPeriods = 2;
/** With fewer live members one silent peer is all there is to hear, and its silence says nothing about us. */
export const deafMembersMin = 3;
