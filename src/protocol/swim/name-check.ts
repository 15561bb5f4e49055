import { after, type MonotonicMs } from '../../core/clock.js';
import type { SwimEffects } from './effects.js';
import type { Outbox } from './outbox.js';
import type { SwimParts } from './parts.js';

/** Another life of our own name that may be alive. */
export interface NameClaim {
  readonly epoch: number;
  readonly address: string;
}

/** What a check came to. */
export type NameVerdict = { readonly kind: 'answers' | 'silent'; readonly claim: NameClaim };

/**
 * Asks the address of another life of our own name whether it is there: several pings, then silence counts. One check at a time.
 */
export class NameCheck {
  readonly #parts: SwimParts;
  readonly #outbox: Outbox;
  readonly #drawSeq: () => number;
  #claim: NameClaim | undefined;
  #seq = 0;
  #pingAt: MonotonicMs;
  #endAt: MonotonicMs;

  constructor(parts: SwimParts, outbox: Outbox, start: { readonly now: MonotonicMs; drawSeq(): number }) {
    this.#parts = parts;
    this.#outbox = outbox;
    this.#drawSeq = () => start.drawSeq();
    this.#pingAt = start.now;
    this.#endAt = start.now;
  }

  get isRunning(): boolean {
    return this.#claim !== undefined;
  }

  get nextAt(): number {
    return this.#claim === undefined ? Number.POSITIVE_INFINITY : Math.min(this.#pingAt, this.#endAt);
  }

  /** Begins, unless a check is already running. */
  start(now: MonotonicMs, claim: NameClaim, out: SwimEffects): void {
    if (this.#claim !== undefined) return;
    this.#parts.counts['name-checked'] += 1;
    this.#claim = claim;
    this.#seq = this.#drawSeq();
    this.#endAt = after(now, this.#parts.options.nameCheckMs);
    this.#ping(now, out);
  }

  /** An answer came; the verdict if it was to this check. */
  acked(seq: number): NameVerdict | undefined {
    return this.#claim !== undefined && seq === this.#seq ? this.#end('answers') : undefined;
  }

  /** Somebody else is at that address. */
  gone(seq: number): NameVerdict | undefined {
    return this.#claim !== undefined && seq === this.#seq ? this.#end('silent') : undefined;
  }

  /** Asks again, or gives up. */
  tick(now: MonotonicMs, out: SwimEffects): NameVerdict | undefined {
    if (this.#claim === undefined) return undefined;
    if (now >= this.#endAt) return this.#end('silent');
    if (now >= this.#pingAt) this.#ping(now, out);
    return undefined;
  }

  slip(byMs: number): void {
    this.#pingAt = after(this.#pingAt, byMs);
    this.#endAt = after(this.#endAt, byMs);
  }

  #ping(now: MonotonicMs, out: SwimEffects): void {
    const claim = this.#claim;
    if (claim === undefined) return;
    this.#pingAt = after(now, this.#parts.options.nameCheckMs / pingsPerCheck);
    const { name } = this.#parts.self.life;
    this.#outbox.toAddress(claim.address, -1, [{ kind: 'ping', seq: this.#seq, name, epoch: claim.epoch }], out);
  }

  #end(kind: NameVerdict['kind']): NameVerdict | undefined {
    const claim = this.#claim;
    this.#claim = undefined;
    return claim === undefined ? undefined : { kind, claim };
  }
}

/** With a fifth of the datagrams lost, one of four gets through and back with 98 %. */
const pingsPerCheck = 4;
