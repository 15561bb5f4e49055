import { after, type MonotonicMs } from '../../core/clock.js';
import type { MemberLife } from './catalogue.js';
import type { SwimEffects, SwimFault, SwimPhase } from './effects.js';
import type { Facts } from './facts.js';
import { drawEpoch, hasEpochAbove } from './identity.js';
import type { JoinMessage, KnownLife, WelcomeMessage } from './messages.js';
import type { AntiEntropy, SyncPeer } from './anti-entropy.js';
import { NameCheck, type NameVerdict } from './name-check.js';
import type { Outbox } from './outbox.js';
import type { SwimParts } from './parts.js';

/** What the joiner works with. */
export interface JoinerDeps {
  readonly parts: SwimParts;
  readonly facts: Facts;
  readonly outbox: Outbox;
  readonly antiEntropy: AntiEntropy;
  readonly now: MonotonicMs;
  drawSeq(): number;
}

/**
 * Coming in, and staying who we are.
 *
 * A node asks seeds what they know of its name before it announces itself: a later epoch of it makes it draw a still later one; a live
 * one at another address is asked whether it is there, and if it answers, this node refuses. Nobody takes a node in for its `join`
 * alone. The same question, asked later, heals partitions: who is held for dead learns it from the answer and objects.
 *
 * A node that is up and hears of a later life of its name asks that one in turn: an answer deposes us, for the later life is the
 * one that was started deliberately; silence means a stale or forged claim, and we rise above it.
 */
export class Joiner {
  readonly #deps: JoinerDeps;
  readonly #check: NameCheck;
  readonly #nonce: number;
  #phase: SwimPhase = 'idle';
  #mayRiseAt: MonotonicMs;
  #welcomer: SyncPeer | undefined;

  constructor(deps: JoinerDeps) {
    this.#deps = deps;
    this.#check = new NameCheck(deps.parts, deps.outbox, deps);
    this.#nonce = deps.parts.random.below(0xffff_ffff);
    this.#mayRiseAt = deps.now;
  }

  get phase(): SwimPhase {
    return this.#phase;
  }

  get nextAt(): number {
    return this.#check.nextAt;
  }

  /** Changes the phase; a fault says why. */
  enter(phase: SwimPhase, fault: SwimFault | undefined, out: SwimEffects): void {
    if (phase === this.#phase) return;
    this.#phase = phase;
    out.phased(phase, fault);
  }

  /** Asks addresses what they know. Those of live members are left out once we are up. */
  contact(addresses: readonly string[], out: SwimEffects): void {
    if (this.#phase === 'idle') this.enter('joining', undefined, out);
    if (this.#phase !== 'joining' && this.#phase !== 'up') return;
    const { self } = this.#deps.parts;
    for (const address of addresses) {
      if (address === self.life.address) continue;
      const join = { kind: 'join', nonce: this.#nonce, life: self.life, incarnation: self.incarnation } as const;
      this.#deps.outbox.padded(address, [join], out);
    }
  }

  /** Announces ourselves; nobody answered, or nobody had to be asked. */
  comeUp(now: MonotonicMs, out: SwimEffects): void {
    if (this.#phase !== 'idle' && this.#phase !== 'joining') return;
    this.enter('up', undefined, out);
    this.#deps.facts.announce();
    this.#deps.antiEntropy.beginEagerly(now);
    if (this.#welcomer !== undefined) this.#greet(now, this.#welcomer, out);
  }

  /** Somebody asks what we know of its name. Answered by everybody that runs, so that nodes that start together find each other. */
  asked(from: string, join: JoinMessage, out: SwimEffects): void {
    if (this.#phase !== 'joining' && this.#phase !== 'up') return;
    const { table } = this.#deps.parts;
    const { liveCount: count, hash } = table;
    const known = this.#phase === 'up' ? this.#knownOf(join.life.name) : this.#knownOfOther(join.life.name);
    this.#deps.outbox.toAddress(from, -1, [{ kind: 'welcome', nonce: join.nonce, count, hash, known }], out);
  }

  /** An answer to `contact`. `peer.slot` is -1 while the sender is unknown here. */
  welcomed(now: MonotonicMs, peer: SyncPeer, welcome: WelcomeMessage, out: SwimEffects): void {
    if (welcome.nonce !== this.#nonce) return;
    if (this.#phase === 'joining') this.#judgeJoin(now, peer, welcome, out);
    else if (this.#phase === 'up') this.#judgeUp(now, peer, welcome, out);
  }

  /** A node that we asked cannot read us. */
  incompatible(other: Omit<Extract<SwimFault, { kind: 'incompatible' }>, 'kind'>, out: SwimEffects): void {
    const { wireMin, wireMax } = this.#deps.parts.self.life;
    const isTrue = other.wireMin > wireMax || other.wireMax < wireMin;
    if (this.#phase === 'joining' && isTrue) this.enter('refused', { kind: 'incompatible', ...other }, out);
  }

  /** News of a later life of our own name. */
  claimed(now: MonotonicMs, life: MemberLife, out: SwimEffects): void {
    const { parts } = this.#deps;
    if (life.epoch <= parts.self.life.epoch || (this.#phase !== 'up' && this.#phase !== 'joining')) return;
    if (life.address !== parts.self.life.address) {
      this.#check.start(now, life, out);
      return;
    }
    // Nobody else can be at our own address: an echo of an earlier life with a clock ahead of ours, or a forgery. An echo comes again.
    if (now < this.#mayRiseAt) return;
    this.#mayRiseAt = after(now, riseEveryMs);
    this.#rise(life.epoch, out);
  }

  acked(now: MonotonicMs, seq: number, out: SwimEffects): boolean {
    return this.#judgeCheck(now, this.#check.acked(seq), out);
  }

  gone(now: MonotonicMs, seq: number, out: SwimEffects): boolean {
    return this.#judgeCheck(now, this.#check.gone(seq), out);
  }

  tick(now: MonotonicMs, out: SwimEffects): void {
    this.#judgeCheck(now, this.#check.tick(now, out), out);
  }

  slip(byMs: number): void {
    this.#check.slip(byMs);
  }

  /** True while this node takes part: up, or on its way out. */
  get isRunning(): boolean {
    return this.#phase === 'up' || this.#phase === 'leaving';
  }

  /** True while accusations are ours to answer. */
  get isUp(): boolean {
    return this.#phase === 'up';
  }

  #judgeJoin(now: MonotonicMs, peer: SyncPeer, { known }: WelcomeMessage, out: SwimEffects): void {
    this.#welcomer = peer;
    if (this.#check.isRunning) return;
    const { life } = this.#deps.parts.self;
    if (known === undefined) {
      this.comeUp(now, out);
      return;
    }
    const isLive = known.status === 'alive' || known.status === 'suspect';
    if (isLive && known.address !== life.address) {
      this.#check.start(now, known, out);
      return;
    }
    if (known.epoch >= life.epoch) this.#rise(known.epoch, out);
    this.comeUp(now, out);
  }

  #judgeUp(now: MonotonicMs, peer: SyncPeer, welcome: WelcomeMessage, out: SwimEffects): void {
    const { parts, facts, antiEntropy } = this.#deps;
    const { known } = welcome;
    const { life, incarnation } = parts.self;
    if (known?.epoch === life.epoch) {
      if (known.status !== 'alive' && known.incarnation >= incarnation) facts.refute(known.incarnation);
    } else if (known !== undefined && known.epoch > life.epoch) {
      this.claimed(now, { ...life, epoch: known.epoch, address: known.address }, out);
    }
    if (known?.epoch !== life.epoch || known.status !== 'alive') this.#greet(now, peer, out);
    else antiEntropy.compare(now, peer, welcome, out);
  }

  /** Tells a node that does not know us who we are, and asks for whom it knows. */
  #greet(now: MonotonicMs, peer: SyncPeer, out: SwimEffects): void {
    this.#deps.antiEntropy.pullFirst(now, peer, out);
  }

  #judgeCheck(now: MonotonicMs, verdict: NameVerdict | undefined, out: SwimEffects): boolean {
    if (verdict === undefined) return false;
    const { claim, kind } = verdict;
    if (kind === 'silent') {
      if (claim.epoch >= this.#deps.parts.self.life.epoch) this.#rise(claim.epoch, out);
      this.comeUp(now, out);
      return true;
    }
    const fault = { kind: 'name-taken', address: claim.address, epoch: claim.epoch } as const;
    if (this.#phase === 'joining') this.enter('refused', fault, out);
    else if (this.#phase === 'up') this.enter('deposed', fault, out);
    return true;
  }

  /** Starts a life above one that was told of; there is none above the last number, which only malice comes near. */
  #rise(epoch: number, out: SwimEffects): void {
    const { parts, facts } = this.#deps;
    if (!hasEpochAbove(epoch)) return;
    parts.self.renew(drawEpoch(0, epoch, parts.random));
    parts.table.put(parts.self.life, parts.self.incarnation);
    if (this.#phase === 'up') facts.announce();
    facts.emit('updated', parts.table.findSlot(parts.self.life.name), out);
  }

  #knownOf(name: string): KnownLife | undefined {
    const { table } = this.#deps.parts;
    const slot = table.findSlot(name);
    const status = slot < 0 ? undefined : table.findStatus(slot);
    if (status === undefined) return undefined;
    const { epoch, address } = table.lifeOf(slot);
    return { epoch, address, status, incarnation: table.incarnationOf(slot) };
  }

  /** Before we are up our own entry is no knowledge: of two newcomers of one name the first to be up wins. */
  #knownOfOther(name: string): KnownLife | undefined {
    return name === this.#deps.parts.self.life.name ? undefined : this.#knownOf(name);
  }
}

/** Each rise is a new member to everybody else, so forged words must not cause them one after the other. */
const riseEveryMs = 5000;
