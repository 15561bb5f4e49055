import type { Member } from '../../spi/membership.js';
import type { Facts } from './facts.js';
import type { SwimParts } from './parts.js';

/** What a machine knows, for reading. */
export class SwimView {
  readonly #parts: SwimParts;
  readonly #facts: Facts;

  constructor(parts: SwimParts, facts: Facts) {
    this.#parts = parts;
    this.#facts = facts;
  }

  /** This node. */
  get self(): Member {
    return this.#facts.toMember(this.#parts.table.findSlot(this.#parts.self.life.name));
  }

  /** Everybody alive or suspect, this node included. Made anew with each call. */
  members(): Member[] {
    const { table } = this.#parts;
    const members: Member[] = [];
    for (let slot = 0; slot < table.capacity; slot += 1) {
      if (table.isLive(slot)) members.push(this.#facts.toMember(slot));
    }
    return members;
  }

  findMember(name: string): Member | undefined {
    const slot = this.#parts.table.findSlot(name);
    return slot >= 0 && this.#parts.table.isLive(slot) ? this.#facts.toMember(slot) : undefined;
  }

  /** Says whether a member that is alive has this address. Looks at all of them: for rare questions. */
  isMemberAt(address: string): boolean {
    const { table } = this.#parts;
    for (let slot = 0; slot < table.capacity; slot += 1) {
      if (table.isAlive(slot) && table.lifeOf(slot).address === address) return true;
    }
    return false;
  }

  /** Nothing at all is heard, from two or more peers, while timers run on time. */
  get isDeaf(): boolean {
    return this.#parts.table.liveCount >= 3 && this.#parts.ears.isDeaf;
  }

  /** Alive or suspect, this node included. */
  get liveCount(): number {
    return this.#parts.table.liveCount;
  }

  get suspectCount(): number {
    return this.#parts.table.suspectCount;
  }

  /** Failed or left and still remembered. */
  get goneCount(): number {
    return this.#parts.table.goneCount;
  }

  /** Equal tables have equal hashes. */
  get tableHash(): number {
    return this.#parts.table.hash;
  }

  /** Lifeguard's multiplier: 0 is healthy. */
  get healthScore(): number {
    return this.#parts.health.score;
  }

  /** Pieces of news that are still being told. */
  get newsCount(): number {
    return this.#parts.gossip.size;
  }
}
