import { after, type MonotonicMs } from '../../core/clock.js';
import type { Member, MemberEvent } from '../../spi/membership.js';
import { isSameLife } from './catalogue.js';
import type { SwimEffects } from './effects.js';
import { partToBytes } from './message-codec.js';
import { incarnationMax } from './message-fields.js';
import type { FactsOwner } from './facts-owner.js';
import type { Claim, FailedMessage, LeftMessage, RecordMessage, SuspectMessage } from './messages.js';
import type { SwimParts } from './parts.js';
import { isConfirmed, isHeld } from './verdict.js';

/**
 * What is believed about whom. Beliefs are ordered by (epoch, incarnation, alive < suspect < failed < left), and only grow, so news
 * may arrive in any order and twice (SWIM, section 4.2). Deviations: a failed member returns by a higher incarnation; the incarnation
 * of a tombstone grows too, so that an old `alive` never wins; another's word that somebody failed or left is not enough, see
 * `confirmDeath`.
 */
export class Facts {
  readonly #parts: SwimParts;
  readonly #owner: FactsOwner;
  /** Who passed on a good-bye that is not confirmed yet, by slot. */
  readonly #farewells = new Map<number, string>();
  #changedAt: MonotonicMs;

  constructor(parts: SwimParts, owner: FactsOwner, now: MonotonicMs) {
    this.#parts = parts;
    this.#owner = owner;
    this.#changedAt = now;
  }

  /** When the set of live members last changed. */
  get changedAt(): MonotonicMs {
    return this.#changedAt;
  }

  /** When `tick` has something to do. */
  get nextAt(): number {
    return this.#parts.suspicions.nextAt;
  }

  /** A member's own word, passed on or first-hand. News is passed on further; the answer to a pull is not. */
  learn(now: MonotonicMs, record: RecordMessage, out: SwimEffects): void {
    const { life, incarnation } = record;
    const { table, self, options, counts, agenda } = this.#parts;
    if (life.name === self.life.name) {
      this.#learnOfSelf(now, record, out);
      return;
    }
    const slot = table.findSlot(life.name);
    if (slot < 0) {
      if (table.liveCount + table.goneCount >= options.membersMax) counts['drop-table-full'] += 1;
      else this.#admit(now, record, out);
      return;
    }
    const known = table.lifeOf(slot);
    if (life.epoch < known.epoch) return;
    if (life.epoch > known.epoch) {
      if (this.#owner.holdsClaim(now, slot, record, out)) return;
      this.#replace(now, slot, record, out);
      return;
    }
    const knownIncarnation = table.incarnationOf(slot);
    if (incarnation <= knownIncarnation) {
      // Somebody still counts on a member that we hold for failed: see for ourselves before contradicting.
      if (table.findStatus(slot) === 'failed' && incarnation === knownIncarnation) agenda.wantProbe(slot);
      if (table.findStatus(slot) === 'left') this.#tell(slot);
      return;
    }
    this.#renewBelief(now, slot, record, out);
  }

  /** Somebody could not reach a member. */
  suspect(now: MonotonicMs, message: SuspectMessage, out: SwimEffects): void {
    const slot = this.#findSubject(now, 'suspect', message, out);
    if (slot >= 0) this.#accuse(now, slot, message, out);
  }

  /** Our own probe of a member failed, or its machine refused us. */
  accuse(now: MonotonicMs, slot: number, refused: boolean, out: SwimEffects): void {
    const { table, self } = this.#parts;
    const { name, epoch } = table.lifeOf(slot);
    const claim = { name, epoch, incarnation: table.incarnationOf(slot), from: self.life.name };
    if (table.isLive(slot)) {
      this.#accuse(now, slot, { kind: 'suspect', ...claim, refused }, out);
      const suspicion = this.#parts.suspicions.find(slot);
      if (suspicion !== undefined) suspicion.own = true;
    } else if (table.findStatus(slot) === 'failed') {
      // Those who still count on it start their own suspicion.
      this.#parts.gossip.tell(slot, partToBytes({ kind: 'suspect', ...claim, refused }));
    }
  }

  /** Somebody waited long enough. */
  failed(now: MonotonicMs, claim: Claim, out: SwimEffects): void {
    const slot = this.#findSubject(now, 'failed', claim, out);
    if (slot < 0) return;
    const { options, suspicions, counts } = this.#parts;
    if (!options.confirmDeath) {
      counts['failed-by-others'] += 1;
      this.#remove(now, slot, { kind: 'failed', ...claim }, out);
      return;
    }
    this.#accuse(now, slot, { kind: 'suspect', ...claim, refused: false }, out);
    const suspicion = suspicions.find(slot);
    if (suspicion === undefined) return;
    if (isConfirmed(now, suspicion, this.#parts)) {
      counts['failed-by-others'] += 1;
      this.#remove(now, slot, { kind: 'failed', ...claim }, out);
      return;
    }
    suspicions.hasten(suspicion);
  }

  /** A member said good-bye. `relayer` is who told us. */
  left(now: MonotonicMs, claim: Subject, relayer: string, out: SwimEffects): void {
    const slot = this.#findSubject(now, 'left', claim, out);
    if (slot < 0) return;
    // Only the member itself, or two that agree, can say that it left: one liar must not be able to.
    const first = this.#farewells.get(slot);
    const believed =
      relayer === claim.name ||
      !this.#parts.options.confirmDeath ||
      this.#parts.table.liveCount < 4 ||
      (first !== undefined && first !== relayer);
    if (believed) this.#remove(now, slot, { kind: 'left', ...claim }, out);
    else if (this.#farewells.size < farewellsMax) this.#farewells.set(slot, relayer);
  }

  /** Ends suspicions that are due, and forgets old tombstones. */
  tick(now: MonotonicMs, out: SwimEffects): void {
    const { suspicions, table, self, counts } = this.#parts;
    for (const suspicion of suspicions.takeDue(now)) {
      if (isHeld(now, suspicion, this.#parts)) {
        counts['suspicion-held'] += 1;
        suspicions.putOff(suspicion, after(now, this.#parts.options.gossipPeriodMs));
        continue;
      }
      counts['failed-by-us'] += 1;
      const { name, epoch } = table.lifeOf(suspicion.slot);
      const claim = { name, epoch, incarnation: suspicion.incarnation, from: self.life.name };
      this.#remove(now, suspicion.slot, { kind: 'failed', ...claim }, out);
    }
  }

  /** Forgets tombstones that are old enough; returns how many. */
  sweep(now: MonotonicMs): number {
    const { table, options, gossip, lags, returns } = this.#parts;
    let swept = 0;
    for (const slot of table.goneSlots()) {
      if (now - (table.findGoneAt(slot) ?? now) < options.tombstoneMs) break;
      table.forget(slot);
      returns.forget(slot);
      gossip.forget(slot);
      lags.forget(slot);
      swept += 1;
    }
    return swept;
  }

  /** Objects to an accusation, or announces a change: a higher incarnation than anybody may hold. */
  refute(incarnation: number): void {
    const { self } = this.#parts;
    self.outgrow(incarnation);
    this.announce();
  }

  /** Writes our own state into the table and tells it. */
  announce(): void {
    const { self, table, gossip } = this.#parts;
    const slot = table.put(self.life, self.incarnation);
    gossip.tell(slot, partToBytes({ kind: 'alive', life: self.life, incarnation: self.incarnation }));
  }

  /** A member as others see it. */
  toMember(slot: number): Member {
    const { table } = this.#parts;
    const { name, epoch, address, wireMin, wireMax } = table.lifeOf(slot);
    return {
      name,
      epoch,
      address,
      wireMin,
      wireMax,
      status: table.findStatus(slot) ?? 'failed',
      incarnation: table.incarnationOf(slot),
      lagMs: this.#parts.lags.find(slot),
      metadata: this.#owner.findMetadata(slot),
    };
  }

  /** Tells everybody about a member. */
  emit(kind: MemberEvent['kind'], slot: number, out: SwimEffects): void {
    if (kind === 'joined') this.#owner.came(slot);
    out.changed({ kind, member: this.toMember(slot) });
  }

  #learnOfSelf(now: MonotonicMs, record: RecordMessage, out: SwimEffects): void {
    const { life, incarnation } = record;
    const { self } = this.#parts;
    if (life.epoch > self.life.epoch) {
      this.#owner.claimed(now, life, out);
    } else if (life.epoch === self.life.epoch && this.#owner.answersAccusations()) {
      // Our own words come back; anything else under our epoch is not ours and has to be outgrown.
      const isOurs =
        incarnation < self.incarnation || (incarnation === self.incarnation && isSameLife(life, self.life));
      if (!isOurs) this.refute(Math.min(incarnation, incarnationMax - 1));
    }
  }

  #admit(now: MonotonicMs, record: RecordMessage, out: SwimEffects): void {
    const slot = this.#parts.table.put(record.life, record.incarnation);
    this.#changedAt = now;
    this.#wantMetadata(slot);
    if (record.kind === 'alive') this.#tell(slot);
    this.emit('joined', slot, out);
  }

  #replace(now: MonotonicMs, slot: number, record: RecordMessage, out: SwimEffects): void {
    const { table, suspicions, counts } = this.#parts;
    const wasLive = table.isLive(slot);
    counts['life-replaced'] += 1;
    suspicions.close(slot);
    this.#parts.lags.forget(slot);
    this.#parts.returns.forget(slot);
    this.#farewells.delete(slot);
    if (wasLive) {
      table.mark(slot, 'failed', table.incarnationOf(slot), now);
      this.#owner.went(now, slot, 'left');
      this.emit('failed', slot, out);
    }
    table.put(record.life, record.incarnation);
    this.#changedAt = now;
    this.#wantMetadata(slot);
    this.#tell(slot);
    this.emit('joined', slot, out);
  }

  #renewBelief(now: MonotonicMs, slot: number, record: RecordMessage, out: SwimEffects): void {
    const { life, incarnation } = record;
    const { table, suspicions, counts } = this.#parts;
    const before = table.findStatus(slot);
    const known = table.lifeOf(slot);
    if (suspicions.find(slot) !== undefined) counts['suspicion-refuted'] += 1;
    suspicions.close(slot);
    this.#parts.lags.heard(slot);
    this.#farewells.delete(slot);
    table.put(life, incarnation);
    if (known.metadataVersion !== life.metadataVersion) this.#wantMetadata(slot);
    this.#tell(slot);
    if (before === 'failed') this.#parts.returns.add(now, slot);
    if (before === 'failed' || before === 'left') {
      this.#changedAt = now;
      this.emit('joined', slot, out);
    } else if (before === 'suspect') {
      this.emit('alive', slot, out);
    }
    // Metadata is told of when it has been pulled.
    if (before !== 'failed' && before !== 'left' && known.address !== life.address) this.emit('updated', slot, out);
  }

  /** The slot of a live subject that the claim is about, or -1 when there is nothing to do, or it was about us. */
  #findSubject(now: MonotonicMs, kind: ClaimKind, claim: Subject, out: SwimEffects): number {
    const { table, self, health, counts } = this.#parts;
    if (claim.name === self.life.name) {
      const accused = claim.epoch === self.life.epoch && claim.incarnation >= self.incarnation;
      if (accused && this.#owner.answersAccusations()) {
        counts['refuted-self'] += 1;
        health.change(1);
        // An incarnation that we never had is a lie or a broken clock; either way ours must be higher.
        this.refute(Math.min(claim.incarnation, incarnationMax - 1));
      }
      return -1;
    }
    const slot = table.findSlot(claim.name);
    if (slot < 0 || table.lifeOf(slot).epoch !== claim.epoch) return -1;
    if (claim.incarnation < table.incarnationOf(slot)) return -1;
    return table.isLive(slot) || this.#isRaised(now, slot, { kind, incarnation: claim.incarnation }, out) ? slot : -1;
  }

  /** What a claim does to a tombstone; true when the member lives again, for somebody doubts an incarnation that we never saw. */
  #isRaised(
    now: MonotonicMs,
    slot: number,
    claim: { readonly kind: ClaimKind; readonly incarnation: number },
    out: SwimEffects,
  ): boolean {
    const { table } = this.#parts;
    const { kind, incarnation } = claim;
    const isNewer = incarnation > table.incarnationOf(slot);
    if (kind === 'suspect') {
      if (!isNewer) return false;
      table.mark(slot, 'alive', incarnation, now);
      this.#changedAt = now;
      this.emit('joined', slot, out);
      return true;
    }
    // Of two tombstones the later counts, and of two of one incarnation the good-bye.
    const wasLeft = table.findStatus(slot) === 'left';
    if (isNewer || (kind === 'left' && !wasLeft)) table.mark(slot, kind, incarnation, now);
    if (kind === 'left' && !wasLeft) this.#owner.went(now, slot, 'left');
    return false;
  }

  #accuse(now: MonotonicMs, slot: number, message: SuspectMessage, out: SwimEffects): void {
    const { table, suspicions, gossip, counts, self } = this.#parts;
    const open = suspicions.find(slot);
    // Invented names do not count as voices.
    const isKnown = message.from === self.life.name || table.findSlot(message.from) >= 0;
    if (open !== undefined && open.incarnation === message.incarnation) {
      if (!isKnown || !suspicions.confirm(open, message.from, message.refused)) return;
      counts['suspicion-confirmed'] += 1;
      gossip.tell(slot, partToBytes(message), this.#spared(message));
      return;
    }
    const subject = { slot, incarnation: message.incarnation };
    const suspicion = suspicions.start(now, subject, {
      members: table.liveCount,
      isPatient: this.#parts.options.patientAfterReturn && this.#parts.returns.isRecent(now, slot),
    });
    if (isKnown) suspicions.confirm(suspicion, message.from, message.refused);
    counts['suspicion-started'] += 1;
    this.#parts.lags.silentFrom(slot, now);
    const wasAlive = table.isAlive(slot);
    table.mark(slot, 'suspect', message.incarnation, now);
    this.#reviewConfirmers();
    gossip.tell(slot, partToBytes(message));
    this.#dogpile(slot);
    if (wasAlive) this.emit('suspect', slot, out);
  }

  /** Looks for itself at the next turn, together with so many others that the confirmations come at once. */
  #dogpile(slot: number): void {
    const { options, table, random, agenda } = this.#parts;
    if (!options.dogpile) return;
    const others = Math.max(1, table.liveCount);
    if (others <= options.dogpileNodes || random.below(others) < options.dogpileNodes) agenda.wantProbe(slot);
  }

  /** How often a confirmation counts as told: everybody knows of the suspicion, and another's voice only shortens it. */
  #spared({ from, refused }: SuspectMessage): number {
    const { options, gossip, table, self } = this.#parts;
    // A second refusal ends a suspicion in half a second: that is news.
    if (refused || from === self.life.name || options.confirmationFactor >= options.retransmitFactor) return 0;
    const tellings = gossip.tellings(table.liveCount);
    return Math.floor(tellings * (1 - options.confirmationFactor / options.retransmitFactor));
  }

  #remove(now: MonotonicMs, slot: number, news: FailedMessage | LeftMessage, out: SwimEffects): void {
    const { table, suspicions, gossip } = this.#parts;
    suspicions.close(slot);
    if (news.kind === 'left') this.#parts.lags.forget(slot);
    this.#farewells.delete(slot);
    table.mark(slot, news.kind, news.incarnation, now);
    this.#changedAt = now;
    gossip.tell(slot, partToBytes(news));
    this.#reviewConfirmers();
    this.#owner.went(now, slot, news.kind);
    this.emit(news.kind, slot, out);
  }

  /** In a small cluster the members that could confirm may be the ones in doubt: then nobody waits for them. */
  #reviewConfirmers(): void {
    const { table, suspicions, options } = this.#parts;
    const others = table.liveCount - table.suspectCount - 1;
    if (others < options.suspicionConfirmations) suspicions.limitConfirmations(others);
  }

  #tell(slot: number): void {
    const { table, gossip } = this.#parts;
    const { name, epoch } = table.lifeOf(slot);
    const incarnation = table.incarnationOf(slot);
    if (table.findStatus(slot) === 'left') gossip.tell(slot, partToBytes({ kind: 'left', name, epoch, incarnation }));
    else gossip.tell(slot, partToBytes({ kind: 'alive', life: table.lifeOf(slot), incarnation }));
  }

  #wantMetadata(slot: number): void {
    if (this.#parts.table.lifeOf(slot).metadataVersion > 0) this.#parts.agenda.wantMetadata(slot);
  }
}

type ClaimKind = 'suspect' | 'failed' | 'left';
type Subject = Omit<Claim, 'from'>;

/** Good-byes that wait for a second voice; beyond it the member is found silent instead. */
const farewellsMax = 1024;
