import { hashText } from '../../core/hash.js';
import { must } from '../../core/assert.js';

/** What a member says of itself in one life; it changes only by the member's own word. */
export interface MemberLife {
  readonly name: string;
  readonly epoch: number;
  /** `host:port`. */
  readonly address: string;
  readonly wireMin: number;
  readonly wireMax: number;
  /** The incarnation that last changed the metadata; 0 when there never was any. */
  readonly metadataVersion: number;
  readonly metadataHash: number;
  readonly metadataBytes: number;
}

/**
 * Numbers for names and lives. A table holds numbers in typed columns, 13 bytes a member, and looks the rest up here; nodes that
 * are simulated in one process share one catalogue, which is what lets 10,000 of them know each other in memory.
 * A slot is the number of a name; a life number is that of one `MemberLife`. Both are counted and reused when nobody holds them.
 */
export class MemberCatalogue {
  readonly #slots = new Map<string, number>();
  readonly #names: string[] = [];
  readonly #hashes: number[] = [];
  readonly #slotUses: number[] = [];
  readonly #latest: number[] = [];
  readonly #freeSlots: number[] = [];
  readonly #lives: (MemberLife | undefined)[] = [undefined];
  readonly #lifeUses: number[] = [0];
  readonly #freeLives: number[] = [];

  /** One more than the largest slot in use. */
  get capacity(): number {
    return this.#names.length;
  }

  /** The slot of a name, or -1. */
  findSlot(name: string): number {
    return this.#slots.get(name) ?? -1;
  }

  nameOf(slot: number): string {
    return this.#names[slot] ?? '';
  }

  /** A hash of the name, the same on every node. */
  hashOf(slot: number): number {
    return this.#hashes[slot] ?? 0;
  }

  /** Takes a slot for a name: one more user of it. */
  retainSlot(name: string): number {
    const known = this.#slots.get(name);
    if (known !== undefined) {
      this.#slotUses[known] = (this.#slotUses[known] ?? 0) + 1;
      return known;
    }
    const slot = this.#freeSlots.pop() ?? this.#names.length;
    this.#slots.set(name, slot);
    this.#names[slot] = name;
    this.#hashes[slot] = hashText(name);
    this.#slotUses[slot] = 1;
    this.#latest[slot] = 0;
    return slot;
  }

  releaseSlot(slot: number): void {
    const uses = (this.#slotUses[slot] ?? 0) - 1;
    this.#slotUses[slot] = uses;
    if (uses > 0) return;
    this.#slots.delete(this.nameOf(slot));
    this.#names[slot] = '';
    this.#freeSlots.push(slot);
  }

  lifeOf(life: number): MemberLife {
    return must(this.#lives[life], 'a life that is in use');
  }

  /** Takes the number of a life: the one the slot's last user took, when it says the same. */
  retainLife(slot: number, life: MemberLife): number {
    const latest = this.#latest[slot] ?? 0;
    const known = this.#lives[latest];
    if (known !== undefined && isSameLife(known, life)) {
      this.#lifeUses[latest] = (this.#lifeUses[latest] ?? 0) + 1;
      return latest;
    }
    const number = this.#freeLives.pop() ?? this.#lives.length;
    this.#lives[number] = life;
    this.#lifeUses[number] = 1;
    this.#latest[slot] = number;
    return number;
  }

  /** One more user of a slot and a life that another table holds; for tables that start as a copy. */
  retainBoth(slot: number, life: number): void {
    this.#slotUses[slot] = (this.#slotUses[slot] ?? 0) + 1;
    this.#lifeUses[life] = (this.#lifeUses[life] ?? 0) + 1;
  }

  releaseLife(life: number): void {
    const uses = (this.#lifeUses[life] ?? 0) - 1;
    this.#lifeUses[life] = uses;
    if (uses > 0) return;
    this.#lives[life] = undefined;
    this.#freeLives.push(life);
  }
}

/** Says whether two descriptions agree in everything. */
export function isSameLife(left: MemberLife, right: MemberLife): boolean {
  return (
    left.epoch === right.epoch &&
    left.name === right.name &&
    left.address === right.address &&
    left.wireMin === right.wireMin &&
    left.wireMax === right.wireMax &&
    left.metadataVersion === right.metadataVersion &&
    left.metadataHash === right.metadataHash &&
    left.metadataBytes === right.metadataBytes
  );
}
