import { after, type MonotonicMs } from '../../core/clock.js';
import type { SwimEffects } from './effects.js';
import type { Doubts } from './doubts.js';
import type { Facts } from './facts.js';
import type { AskMessage, PingMessage } from './messages.js';
import type { Outbox } from './outbox.js';
import type { SwimParts } from './parts.js';
import { pickSlots, ProbeOrder } from './probe-order.js';
import { Ring } from './ring.js';
import { RoundTrips } from './round-trips.js';

/** What the prober works with. */
export interface ProberDeps {
  readonly parts: SwimParts;
  readonly facts: Facts;
  readonly doubts: Doubts;
  readonly outbox: Outbox;
  readonly now: MonotonicMs;
  drawSeq(): number;
}

/** The one probe that is under way. */
interface Probe {
  readonly slot: number;
  readonly epoch: number;
  readonly seq: number;
  startedAt: MonotonicMs;
  timeoutAt: MonotonicMs;
  deadlineAt: MonotonicMs;
  readonly timeoutMs: number;
  phase: 'direct' | 'indirect' | 'answered';
  nacksDue: number;
  nacks: number;
}

/**
 * SWIM's failure detector (section 3.1): each period one member is pinged; without an answer in time k others are asked to ping it, and a
 * stream is tried; without any answer until the period ends it is accused. A probe that was answered late, by any way, is answered.
 * Ours: whoever is doubted is probed before the next in turn, and so is a failed member that somebody else still counts on; and every
 * second probe goes to the follower on a ring.
 */
export class Prober {
  readonly #parts: SwimParts;
  readonly #facts: Facts;
  readonly #doubts: Doubts;
  readonly #outbox: Outbox;
  readonly #order: ProbeOrder;
  readonly #ring: Ring;
  #isRingTurn = false;
  readonly #trips = new RoundTrips();
  readonly #picked: number[] = [];
  readonly #drawSeq: () => number;
  #probe: Probe | undefined;
  #nextProbeAt: MonotonicMs;

  constructor({ parts, facts, doubts, outbox, ...start }: ProberDeps) {
    this.#parts = parts;
    this.#facts = facts;
    this.#doubts = doubts;
    this.#outbox = outbox;
    this.#ring = new Ring(parts.table);
    this.#order = new ProbeOrder(parts.random.fork('probe-order'));
    this.#drawSeq = () => start.drawSeq();
    // Nodes that start together must not probe together.
    this.#nextProbeAt = after(start.now, parts.random.below(Math.ceil(parts.options.probePeriodMs)));
  }

  /** When `tick` has something to do. */
  get nextAt(): number {
    const probe = this.#probe;
    if (probe?.phase === 'direct') return Math.min(probe.timeoutAt, probe.deadlineAt, this.#nextProbeAt);
    if (probe?.phase === 'indirect') return Math.min(probe.deadlineAt, this.#nextProbeAt);
    return this.#nextProbeAt;
  }

  /** Length of a period as this node's health has it. */
  get periodMs(): number {
    const { options, health } = this.#parts;
    return options.probePeriodMs * (options.healthScalesProbes ? health.factor : 1);
  }

  tick(now: MonotonicMs, out: SwimEffects): void {
    const probe = this.#probe;
    if (probe?.phase === 'direct' && now >= probe.timeoutAt) this.#askOthers(now, probe, out);
    if (probe !== undefined && probe.phase !== 'answered' && now >= probe.deadlineAt) this.#fail(now, probe, out);
    if (now >= this.#nextProbeAt) this.#startNext(now, out);
  }

  /** An answer came; returns whether it was ours. */
  acked(now: MonotonicMs, seq: number): boolean {
    const probe = this.#probe;
    if (probe?.seq !== seq) return false;
    if (probe.phase === 'answered') return true;
    if (probe.phase === 'direct') this.#trips.add(now - probe.startedAt);
    probe.phase = 'answered';
    const { health, options } = this.#parts;
    health.change(-1);
    if (options.healthScalesAnswered) return true;
    const plainAt = after(probe.startedAt, options.probePeriodMs);
    if (plainAt < this.#nextProbeAt) this.#nextProbeAt = plainAt > now ? plainAt : now;
    return true;
  }

  /** Bytes of that member came by another way. */
  heard(slot: number): void {
    if (this.#probe?.slot === slot) this.#probe.phase = 'answered';
  }

  /** Brings the next probe forward: there is something to look at. */
  hurry(now: MonotonicMs): void {
    const isBusy = this.#probe !== undefined && this.#probe.phase !== 'answered';
    if (!isBusy && this.#nextProbeAt > now) this.#nextProbeAt = now;
  }

  /** A relay asked in vain; our own way to it works. */
  nacked(seq: number): void {
    if (this.#probe?.seq === seq) this.#probe.nacks += 1;
  }

  /** Somebody else answers at the address. Returns whether the question was ours. */
  gone(now: MonotonicMs, seq: number, out: SwimEffects): boolean {
    const probe = this.#probe;
    if (probe?.seq !== seq) return false;
    if (probe.phase === 'answered') return true;
    probe.phase = 'answered';
    const { table, counts } = this.#parts;
    counts['address-taken'] += 1;
    // The process at its address is another one: as good as a refusal, unless it has meanwhile been replaced in our table too.
    if (table.isLive(probe.slot) && table.lifeOf(probe.slot).epoch === probe.epoch) {
      this.#facts.accuse(now, probe.slot, true, out);
    }
    return true;
  }

  /** The loop stood still: nobody could have been heard. */
  slip(byMs: number): void {
    const probe = this.#probe;
    this.#nextProbeAt = after(this.#nextProbeAt, byMs);
    if (probe === undefined) return;
    probe.startedAt = after(probe.startedAt, byMs);
    probe.timeoutAt = after(probe.timeoutAt, byMs);
    probe.deadlineAt = after(probe.deadlineAt, byMs);
  }

  #startNext(now: MonotonicMs, out: SwimEffects): void {
    const periodMs = this.periodMs;
    // Ticks that were missed are dropped: catching up would only make bursts.
    const next = after(this.#nextProbeAt, periodMs);
    this.#nextProbeAt = next > now ? next : after(now, periodMs);
    this.#probe = undefined;
    const slot = this.#chooseTarget();
    if (slot < 0) return;
    const { options, health, counts, table } = this.#parts;
    const factor = options.healthScalesProbes ? health.factor : 1;
    const longestMs = options.pingTimeoutMs;
    const timeoutMs =
      (options.adaptiveTimeout ? this.#trips.timeoutMs(options.pingTimeoutMinMs, longestMs) : longestMs) * factor;
    const { name, epoch } = table.lifeOf(slot);
    const seq = this.#drawSeq();
    this.#probe = {
      slot,
      epoch,
      seq,
      startedAt: now,
      timeoutAt: after(now, timeoutMs),
      deadlineAt: this.#nextProbeAt,
      timeoutMs,
      phase: 'direct',
      nacksDue: 0,
      nacks: 0,
    };
    counts['probe-started'] += 1;
    this.#outbox.toMember(slot, [{ kind: 'ping', seq, name, epoch }], out);
  }

  #chooseTarget(): number {
    const { agenda, table, options } = this.#parts;
    for (let slot = agenda.takeProbe(); slot !== undefined; slot = agenda.takeProbe()) {
      if (table.isLive(slot) || table.findStatus(slot) === 'failed') return slot;
    }
    const own = this.#ownSlot();
    this.#isRingTurn = options.ringProbes && !this.#isRingTurn;
    if (this.#isRingTurn) return this.#ring.follower(own);
    return this.#order.next(table.capacity, (slot) => slot !== own && table.isLive(slot));
  }

  #askOthers(now: MonotonicMs, probe: Probe, out: SwimEffects): void {
    const { options, table, random, counts } = this.#parts;
    probe.phase = 'indirect';
    counts['probe-indirect'] += 1;
    const own = this.#ownSlot();
    const isRelay = (slot: number): boolean => slot !== own && slot !== probe.slot && table.isAlive(slot);
    const { indirectProbes, suspectIndirectProbes } = options;
    // Whoever accused it has asked others already: one more way is enough to confirm or to deny.
    const count = table.isAlive(probe.slot) ? indirectProbes : Math.min(indirectProbes, suspectIndirectProbes);
    const wanted = { capacity: table.capacity, count };
    pickSlots(random, wanted, isRelay, this.#picked);
    const { name, epoch, address } = table.lifeOf(probe.slot);
    // The nack has to be back before the deadline, or a healthy node would count it as missing.
    const roomMs = Math.max(1, probe.deadlineAt - now);
    const nackMs = Math.floor(Math.min(probe.timeoutMs, roomMs) * options.nackShare);
    const ask: AskMessage = { kind: 'ask', seq: probe.seq, name, epoch, address, nackMs };
    for (const relay of this.#picked) this.#outbox.toMember(relay, [ask], out);
    probe.nacksDue = this.#picked.length;
    if (!options.streamPing) return;
    const ping: PingMessage = { kind: 'ping', seq: probe.seq, name, epoch };
    this.#outbox.overStream(probe.slot, [ping], out);
  }

  #fail(now: MonotonicMs, probe: Probe, out: SwimEffects): void {
    const { options, health, counts, table, ears } = this.#parts;
    this.#probe = undefined;
    ears.probedInVain(probe.startedAt);
    counts['probe-failed'] += 1;
    const missed = Math.max(0, probe.nacksDue - probe.nacks);
    counts['nack-missed'] += missed;
    // With every nack back our own way is fine, and the failure is the other's; the paper counts it against us all the same.
    if (!options.healthTrustsNacks || probe.nacksDue === 0) health.change(1);
    if (missed > 0) health.change(1);
    const isSameLife = table.findStatus(probe.slot) !== undefined && table.lifeOf(probe.slot).epoch === probe.epoch;
    if (!isSameLife) return;
    this.#parts.lags.silentFrom(probe.slot, probe.startedAt);
    if (this.#doubts.isOwnFault(probe.nacksDue > 0 ? probe.timeoutAt : probe.startedAt)) {
      this.#doubts.doubt(now, probe.slot, out);
    } else {
      this.#facts.accuse(now, probe.slot, false, out);
    }
  }

  #ownSlot(): number {
    return this.#parts.table.findSlot(this.#parts.self.life.name);
  }
}
