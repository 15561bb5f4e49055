import { after, type MonotonicMs } from '../../core/clock.js';
import type { SwimEffects } from './effects.js';
import type { RecordMessage } from './messages.js';
import type { Outbox } from './outbox.js';
import type { PacketHead } from './packet.js';
import type { SwimParts } from './parts.js';

interface Claim {
  readonly record: RecordMessage;
  readonly endAt: MonotonicMs;
  /** When it is asked once more; infinity afterwards. */
  againAt: number;
}

/**
 * Later lives of live members, until they answer where they are said to be, the old address too. Taking somebody's word for it would
 * let one liar put any member out at once, and where datagrams travel in clear anybody. A claim that is not proved in time is dropped,
 * not passed on, and may be told again; a member that is gone already needs no proof that it came back.
 */
export class Claims {
  readonly #parts: SwimParts;
  readonly #outbox: Outbox;
  readonly #drawSeq: () => number;
  readonly #open = new Map<number, Claim>();
  #proved: RecordMessage | undefined;

  constructor(parts: SwimParts, outbox: Outbox, drawSeq: () => number) {
    this.#parts = parts;
    this.#outbox = outbox;
    this.#drawSeq = drawSeq;
  }

  /** When `tick` has something to do. */
  get nextAt(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { endAt, againAt } of this.#open.values()) next = Math.min(next, endAt, againAt);
    return next;
  }

  /** Whether a later life of the member at `slot` is still to be proved; it is asked for the proof. */
  holds(now: MonotonicMs, slot: number, record: RecordMessage, out: SwimEffects): boolean {
    const { table, counts, options } = this.#parts;
    const { name, epoch } = record.life;
    const needsProof = options.proveClaims && table.isLive(slot);
    if (record === this.#proved || !needsProof) return false;
    for (const open of this.#open.values()) {
      if (open.record.life.name === name && open.record.life.epoch === epoch) return true;
    }
    if (this.#open.size >= claimsMax) {
      counts['drop-claim-full'] += 1;
      return true;
    }
    const seq = this.#drawSeq();
    const endAt = after(now, options.nameCheckMs);
    this.#open.set(seq, { record, endAt, againAt: after(now, options.nameCheckMs / 2) });
    this.#ping(seq, record, out);
    return true;
  }

  /** An answer came from this life; returns what it proves. Call `learn` with it before anything else. */
  acked(seq: number, { name, epoch }: PacketHead): RecordMessage | undefined {
    const life = this.#open.get(seq)?.record.life;
    if (life === undefined || life.name !== name || life.epoch !== epoch) return undefined;
    this.#proved = this.#open.get(seq)?.record;
    this.#open.delete(seq);
    return this.#proved;
  }

  /** Somebody else is there. Returns whether the question was ours. */
  gone(seq: number): boolean {
    return this.#drop(seq);
  }

  tick(now: MonotonicMs, out: SwimEffects): void {
    for (const [seq, claim] of this.#open) {
      if (now >= claim.endAt) this.#drop(seq);
      else if (now >= claim.againAt) {
        claim.againAt = Number.POSITIVE_INFINITY;
        this.#ping(seq, claim.record, out);
      }
    }
  }

  #drop(seq: number): boolean {
    const wasOpen = this.#open.delete(seq);
    if (wasOpen) this.#parts.counts['claim-unproved'] += 1;
    return wasOpen;
  }

  #ping(seq: number, { life }: RecordMessage, out: SwimEffects): void {
    const { name, epoch, address } = life;
    this.#outbox.toAddress(address, -1, [{ kind: 'ping', seq, name, epoch }], out);
  }
}

/** Claims that are checked at once: with two pings each, no flood of forged ones makes a node send more than 128 a second. */
const claimsMax = 64;
