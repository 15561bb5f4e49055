import type { MonotonicMs } from '../../core/clock.js';
import type { Random } from '../../core/random.js';
import type { Armour } from './armour.js';
import type { SwimCounts } from './counts.js';
import type { Dissemination } from './dissemination.js';
import type { SelfState } from './identity.js';
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
  #forgivenMs = 0;

  constructor(now: MonotonicMs) {
    this.#heardAt = now;
    this.#forgivenAt = now;
  }

  get isDeaf(): boolean {
    return this.#inVain >= probesInVain;
  }

  /** Notes a datagram; returns for how long this node was deaf until now, or 0. */
  heard(now: MonotonicMs): number {
    const silentMs = this.isDeaf ? now - this.#heardAt : 0;
    this.#heardAt = now;
    this.#inVain = 0;
    if (silentMs > 0) {
      this.#forgivenAt = now;
      this.#forgivenMs = silentMs;
    }
    return silentMs;
  }

  /** A probe that began then ended without an answer. */
  probedInVain(startedAt: MonotonicMs): void {
    if (this.#heardAt < startedAt) this.#inVain += 1;
  }

  silentMs(now: MonotonicMs): number {
    return now - this.#heardAt;
  }

  /** The loop stood still; returns how much of that has not been made up for already. */
  stalled(now: MonotonicMs, stallMs: number): number {
    this.#inVain = 0;
    const isSame = now - this.#forgivenAt < stallMs;
    return isSame ? Math.max(0, stallMs - this.#forgivenMs) : stallMs;
  }
}

const probesInVain = 2;
