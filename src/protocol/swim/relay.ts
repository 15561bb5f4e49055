import { after, type MonotonicMs } from '../../core/clock.js';
import type { SwimEffects } from './effects.js';
import type { AskMessage } from './messages.js';
import type { Outbox } from './outbox.js';
import type { SwimParts } from './parts.js';

/** A ping that we sent for somebody else. */
interface Errand {
  readonly asker: string;
  readonly askerSlot: number;
  readonly askerSeq: number;
  nackAt: MonotonicMs;
  endAt: MonotonicMs;
  nacked: boolean;
}

/** Pings for others (SWIM's ping-req), and says so when no answer came in the time they gave. An answer after the nack still counts. */
export class Relay {
  readonly #parts: SwimParts;
  readonly #outbox: Outbox;
  readonly #drawSeq: () => number;
  readonly #errands = new Map<number, Errand>();

  constructor(parts: SwimParts, outbox: Outbox, drawSeq: () => number) {
    this.#parts = parts;
    this.#outbox = outbox;
    this.#drawSeq = drawSeq;
  }

  /** When `tick` has something to do. */
  get nextAt(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const errand of this.#errands.values()) next = Math.min(next, errand.nacked ? errand.endAt : errand.nackAt);
    return next;
  }

  /** `asker` is where the question came from. A stranger's question is dropped, as it could make us ping anybody. */
  ask(
    now: MonotonicMs,
    asker: { readonly address: string; readonly slot: number },
    ask: AskMessage,
    out: SwimEffects,
  ): void {
    const { counts, table } = this.#parts;
    if (asker.slot < 0) {
      counts['drop-stranger'] += 1;
      return;
    }
    if (this.#errands.size >= errandsMax) {
      counts['drop-relay-full'] += 1;
      return;
    }
    const seq = this.#drawSeq();
    const nackMs = Math.min(ask.nackMs, nackMsMax);
    this.#errands.set(seq, {
      asker: asker.address,
      askerSlot: asker.slot,
      askerSeq: ask.seq,
      nackAt: after(now, nackMs),
      endAt: after(now, nackMs * 3),
      nacked: false,
    });
    const known = table.findSlot(ask.name);
    const slot = known >= 0 && table.lifeOf(known).epoch === ask.epoch ? known : -1;
    const ping = { kind: 'ping', seq, name: ask.name, epoch: ask.epoch } as const;
    // A member that we do not know by this life gets its ping only where we know one by its name, never at an address we are told.
    if (slot >= 0) this.#outbox.toMember(slot, [ping], out);
    else if (known >= 0) this.#outbox.toAddress(table.lifeOf(known).address, known, [ping], out);
    else counts['drop-stranger'] += 1;
  }

  /** Passes an answer on; returns whether the question was an errand. */
  acked(seq: number, out: SwimEffects): boolean {
    const errand = this.#errands.get(seq);
    if (errand === undefined) return false;
    this.#errands.delete(seq);
    const { table } = this.#parts;
    const { count, hash } = { count: table.liveCount, hash: table.hash };
    const ack = { kind: 'ack', seq: errand.askerSeq, count, hash, lagMs: 0, tables: [] } as const;
    this.#outbox.toAddress(errand.asker, this.#slotOf(errand), [ack], out);
    return true;
  }

  /** Whom we pinged is not there any more: the asker hears nothing of it and judges by the rest. */
  gone(seq: number): boolean {
    return this.#errands.delete(seq);
  }

  tick(now: MonotonicMs, out: SwimEffects): void {
    for (const [seq, errand] of this.#errands) {
      if (!errand.nacked && now >= errand.nackAt) {
        errand.nacked = true;
        this.#outbox.toAddress(errand.asker, this.#slotOf(errand), [{ kind: 'nack', seq: errand.askerSeq }], out);
      }
      if (now >= errand.endAt) this.#errands.delete(seq);
    }
  }

  slip(byMs: number): void {
    for (const errand of this.#errands.values()) {
      errand.nackAt = after(errand.nackAt, byMs);
      errand.endAt = after(errand.endAt, byMs);
    }
  }

  /** The asker's slot, unless it is gone for good meanwhile. */
  #slotOf(errand: Errand): number {
    return this.#parts.table.findStatus(errand.askerSlot) === undefined ? -1 : errand.askerSlot;
  }
}

/** Errands under way; a node that gets more is being flooded, and its nack would come too late anyway. */
const errandsMax = 256;
/** Nobody's period is longer. */
const nackMsMax = 60_000;
