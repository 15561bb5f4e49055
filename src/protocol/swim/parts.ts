import type { MonotonicMs } from '../../core/clock.js';
import type { Random } from '../../core/random.js';
import type { SwimCounts } from './counts.js';
import type { Dissemination } from './dissemination.js';
import type { SelfState } from './identity.js';
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
  readonly gossip: Dissemination;
  readonly health: LocalHealth;
  readonly suspicions: SuspicionBook;
  readonly agenda: Agenda;
  readonly ears: Ears;
  readonly counts: SwimCounts;
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
 * Whether anything at all is heard. While timers run on time and two or more peers are asked in vain, silence says something about
 * this node's network and nothing about theirs.
 */
export class Ears {
  #heardAt: MonotonicMs;
  readonly #deafAfterMs: number;

  constructor(now: MonotonicMs, deafAfterMs: number) {
    this.#heardAt = now;
    this.#deafAfterMs = deafAfterMs;
  }

  /** Notes a datagram; returns for how long nothing had been heard, or 0 if it was not long. */
  heard(now: MonotonicMs): number {
    const silentMs = now - this.#heardAt;
    this.#heardAt = now;
    return silentMs > this.#deafAfterMs ? silentMs : 0;
  }

  silentMs(now: MonotonicMs): number {
    return now - this.#heardAt;
  }

  isDeaf(now: MonotonicMs): boolean {
    return now - this.#heardAt > this.#deafAfterMs;
  }

  /** Our own stall is not their silence. */
  slip(now: MonotonicMs): void {
    this.#heardAt = now;
  }
}
