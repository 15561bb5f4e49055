import { after, type MonotonicMs } from '../../core/clock.js';
import type { SwimOptions } from './options.js';

/** How long a suspicion lasts: `maxMs` alone, `minMs` with `confirmations` further accusers. */
export interface SuspicionTimes {
  readonly minMs: number;
  readonly maxMs: number;
  readonly confirmations: number;
}

/**
 * Lifeguard's dynamic suspicion (section IV-B): min = alpha * max(1, log10 n) * period, max = beta * min. Ours: `suspicionMinMs` is
 * a floor whatever n is, and the number of confirmations does not depend on alpha. Where fewer others could confirm than are asked
 * for, those that there are will do; with none the suspicion lasts `minMs`.
 */
export function suspicionTimes(options: SwimOptions, members: number): SuspicionTimes {
  const scale = Math.max(1, Math.log10(Math.max(1, members)));
  const minMs = Math.max(options.suspicionMinMs, options.suspicionAlpha * scale * options.probePeriodMs);
  const confirmations = Math.max(0, Math.min(options.suspicionConfirmations, members - 2));
  return { minMs, maxMs: minMs * options.suspicionBeta, confirmations };
}

/** How long in all, after `confirmed` further accusers. */
export function suspicionMs(times: SuspicionTimes, confirmed: number): number {
  if (times.confirmations < 1) return times.minMs;
  const share = Math.log(confirmed + 1) / Math.log(times.confirmations + 1);
  return Math.max(times.minMs, Math.floor(times.maxMs - (times.maxMs - times.minMs) * share));
}

/** One member under suspicion. */
export interface Suspicion {
  readonly slot: number;
  readonly incarnation: number;
  times: SuspicionTimes;
  startedAt: MonotonicMs;
  dueAt: MonotonicMs;
  /** Names, the first accuser included; never more than one and the confirmations asked for. */
  readonly accusers: string[];
  /** Observers that saw its machine refuse, two at most. */
  readonly refusers: string[];
  /** This node's own probe failed as well. */
  own: boolean;
  /** Nobody was told: see `Doubts`. */
  isPrivate: boolean;
  /** How long silences may put it off in all: who hears nothing for ever goes by what it sees in the end. */
  readonly forgivableMs: number;
  /** How long it was put off because this node heard nothing, in all and by the last silence. */
  forgivenMs: number;
  lastForgivenMs: number;
}

/** All suspicions of this node, each with its timer. */
export class SuspicionBook {
  readonly #options: SwimOptions;
  readonly #open = new Map<number, Suspicion>();
  /** Not later than the earliest due; exact after `takeDue`. */
  #nextAt = Number.POSITIVE_INFINITY;

  constructor(options: SwimOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#open.size;
  }

  /** When `takeDue` should be called next; infinity when nothing is open. */
  get nextAt(): number {
    return this.#open.size === 0 ? Number.POSITIVE_INFINITY : this.#nextAt;
  }

  find(slot: number): Suspicion | undefined {
    return this.#open.get(slot);
  }

  /** Begins one; a patient one lasts the longest time whoever confirms it. */
  start(
    now: MonotonicMs,
    subject: { readonly slot: number; readonly incarnation: number },
    about: { readonly members: number; readonly isPatient?: boolean },
  ): Suspicion {
    const usual = suspicionTimes(this.#options, about.members);
    const times = about.isPatient === true ? { ...usual, minMs: usual.maxMs } : usual;
    const dueAt = after(now, suspicionMs(times, 0));
    const { slot, incarnation } = subject;
    const when = {
      times,
      startedAt: now,
      dueAt,
      forgivableMs: usual.minMs * forgivenMax,
      forgivenMs: 0,
      lastForgivenMs: 0,
    };
    const made = { slot, incarnation, ...when, accusers: [], refusers: [], own: false, isPrivate: false };
    this.#open.set(slot, made);
    this.#nextAt = Math.min(this.#nextAt, dueAt);
    return made;
  }

  /** Adds an accuser. True when it counts: it is new, and confirmations were still wanted. */
  confirm(suspicion: Suspicion, accuser: string, refused: boolean): boolean {
    const { accusers, refusers, times } = suspicion;
    const refuses = refused && refusers.length < 2 && !refusers.includes(accuser);
    if (refuses) refusers.push(accuser);
    const counts = accusers.length <= times.confirmations && !accusers.includes(accuser);
    if (counts) accusers.push(accuser);
    if (refuses || counts) this.#recompute(suspicion);
    return counts || refuses;
  }

  /** Brings it down to its least length: somebody else has waited already. */
  hasten(suspicion: Suspicion): void {
    const dueAt = after(suspicion.startedAt, suspicion.times.minMs);
    if (dueAt < suspicion.dueAt) this.#moveTo(suspicion, dueAt);
  }

  /** No more than `others` can confirm any more. */
  limitConfirmations(others: number): void {
    for (const suspicion of this.#open.values()) {
      if (suspicion.times.confirmations <= others) continue;
      suspicion.times = { ...suspicion.times, confirmations: Math.max(0, others) };
      this.#recompute(suspicion);
    }
  }

  close(slot: number): void {
    this.#open.delete(slot);
  }

  /** The suspicions that are over; they stay open until closed or put off. */
  takeDue(now: MonotonicMs): readonly Suspicion[] {
    if (now < this.nextAt) return noSuspicions;
    const due: Suspicion[] = [];
    this.#nextAt = Number.POSITIVE_INFINITY;
    for (const suspicion of this.#open.values()) {
      if (suspicion.dueAt <= now) due.push(suspicion);
      else this.#nextAt = Math.min(this.#nextAt, suspicion.dueAt);
    }
    return due;
  }

  /** Lets one be due again at a later time. */
  putOff(suspicion: Suspicion, until: MonotonicMs): void {
    this.#moveTo(suspicion, until);
  }

  /** Gives every subject back a silence in which nothing was heard of anybody, up to `forgivenMax` in all. */
  forgive(now: MonotonicMs, silentMs: number): void {
    for (const suspicion of this.#open.values()) {
      const leftMs = suspicion.forgivableMs - suspicion.forgivenMs;
      const byMs = Math.max(0, Math.min(silentMs, now - suspicion.startedAt, leftMs));
      suspicion.forgivenMs += byMs;
      suspicion.lastForgivenMs = byMs;
      postpone(suspicion, byMs);
    }
    this.#nextAt = this.#earliestDueAt();
  }

  /** Gives every subject back the time in which this node's loop stood still, but what the silence of that time gave already. */
  slip(byMs: number, isForgiven = false): void {
    for (const suspicion of this.#open.values()) {
      postpone(suspicion, Math.max(0, byMs - (isForgiven ? suspicion.lastForgivenMs : 0)));
    }
    this.#nextAt = this.#earliestDueAt();
  }

  #recompute(suspicion: Suspicion): void {
    const { times, accusers } = suspicion;
    let lengthMs = suspicionMs(times, Math.min(times.confirmations, Math.max(0, accusers.length - 1)));
    if (suspicion.refusers.length >= 2) lengthMs = Math.min(lengthMs, this.#options.suspicionRefusedMs);
    const dueAt = after(suspicion.startedAt, lengthMs);
    if (dueAt < suspicion.dueAt) this.#moveTo(suspicion, dueAt);
  }

  #earliestDueAt(): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (const { dueAt } of this.#open.values()) earliest = Math.min(earliest, dueAt);
    return earliest;
  }

  #moveTo(suspicion: Suspicion, dueAt: MonotonicMs): void {
    suspicion.dueAt = dueAt;
    this.#nextAt = Math.min(this.#nextAt, dueAt);
  }
}

function postpone(suspicion: Suspicion, byMs: number): void {
  suspicion.startedAt = after(suspicion.startedAt, byMs);
  suspicion.dueAt = after(suspicion.dueAt, byMs);
}

const noSuspicions: readonly Suspicion[] = [];
/** Times the least suspicion: with the defaults 34 s, a little more than the longest block of Lifeguard's experiments. */
const forgivenMax = 8;
