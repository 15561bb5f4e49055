import type { MonotonicMs } from '../../core/clock.js';
import type { SwimEffects } from './effects.js';
import type { Facts } from './facts.js';
import { deafMembersMin, type SwimParts } from './parts.js';

/**
 * Suspicions that a node keeps to itself. A probe during whose wait nothing at all was heard, no answer, no nack, nothing by anybody,
 * says more about this node's network than about the peer: the member is suspect here, for nobody should be sent work that way, but
 * nobody is told. With the first datagram that comes through, such suspicions are withdrawn and the members probed anew. A node
 * that stays cut off tells what it found when its suspicions run out.
 */
export class Doubts {
  readonly #parts: SwimParts;
  readonly #facts: Facts;
  readonly #slots: number[] = [];

  constructor(parts: SwimParts, facts: Facts) {
    this.#parts = parts;
    this.#facts = facts;
  }

  /** Whether a probe that waited since then is no evidence: so many could have been heard, and nobody was. */
  isOwnFault(waitedFrom: MonotonicMs): boolean {
    const { options, table, ears } = this.#parts;
    return options.holdWhenDeaf && table.liveCount >= deafMembersMin && ears.heardAt < waitedFrom;
  }

  /** Suspects a member and tells nobody. */
  doubt(now: MonotonicMs, slot: number, out: SwimEffects): void {
    const { table, suspicions, self } = this.#parts;
    if (!table.isAlive(slot) || this.#slots.length >= doubtsMax) return;
    const incarnation = table.incarnationOf(slot);
    const suspicion = suspicions.start(now, { slot, incarnation }, { members: table.liveCount });
    suspicion.isPrivate = true;
    suspicion.own = true;
    suspicions.confirm(suspicion, self.life.name, false);
    table.mark(slot, 'suspect', incarnation, now);
    this.#slots.push(slot);
    this.#facts.emit('suspect', slot, out);
  }

  /** Something came through. */
  withdraw(out: SwimEffects): void {
    const { table, suspicions, agenda, counts } = this.#parts;
    for (const slot of this.#slots.splice(0)) {
      const suspicion = suspicions.find(slot);
      if (suspicion?.isPrivate !== true) continue;
      counts['suspicion-withdrawn'] += 1;
      suspicions.close(slot);
      table.mark(slot, 'alive', suspicion.incarnation, suspicion.startedAt);
      agenda.wantProbe(slot);
      this.#facts.emit('alive', slot, out);
    }
  }
}

/** More probes than fit the time for which suspicions are held. */
const doubtsMax = 64;
