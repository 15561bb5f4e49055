import { after, type MonotonicMs } from '../../core/clock.js';
import { ClusterError } from '../../core/errors.js';
import { memberMetadataBytesMax } from '../../core/limits.js';
import type { NodeId } from '../../core/ids.js';
import type { Unlisten } from '../../core/listeners.js';
import type { DigestSource, LinkEvidence } from '../../spi/membership.js';
import type { SwimCounts } from './counts.js';
import type { SwimEffects, SwimPhase } from './effects.js';
import { buildEngine, type SwimEngine, type SwimSetup } from './engine.js';
import { partToBytes } from './message-codec.js';
import { GossipRounds } from './rounds.js';
import { TellOrder } from './tell-order.js';
import type { SwimView } from './view.js';

/**
 * The membership protocol of one node: SWIM (Das, Gupta, Motivala, 2002) with Lifeguard (Dadgar, Phillips, Currey, 2018) and our own
 * parts, as a pure machine. The driver calls `receive` for each datagram, `tick` at `nextAt`, `slip` after a stall, and carries out
 * the effects. It never throws on what others send: it drops and counts.
 */
export class SwimMachine {
  readonly #engine: SwimEngine;
  readonly #picked: number[] = [];
  readonly #tellOrder: TellOrder;
  readonly #rounds: GossipRounds;
  #sweepAt: MonotonicMs;

  constructor(now: MonotonicMs, setup: SwimSetup) {
    this.#engine = buildEngine(now, setup);
    this.#tellOrder = new TellOrder(setup.random.fork('tell-order'));
    this.#rounds = new GossipRounds(this.#engine.parts, now);
    this.#sweepAt = after(now, sweepMs);
  }

  get phase(): SwimPhase {
    return this.#engine.joiner.phase;
  }

  /** What is known; for reading. */
  get view(): SwimView {
    return this.#engine.view;
  }

  get counts(): Readonly<SwimCounts> {
    return this.#engine.parts.counts;
  }

  /** True once this node has the members that the one who welcomed it has. Never true for a node that began alone. */
  get hasCaughtUp(): boolean {
    return this.#engine.antiEntropy.hasCaughtUp;
  }

  /** When `tick` has to be called next; calling it earlier does no harm. */
  get nextAt(): number {
    const { parts, prober, relay, joiner, facts, claims, metadata, antiEntropy, reconnect } = this.#engine;
    if (this.phase === 'joining') return joiner.nextAt;
    if (!this.#isRunning) return Number.POSITIVE_INFINITY;
    const gossipAt = this.#gossipAt;
    const sweepAt = parts.table.goneCount > 0 ? this.#sweepAt : Number.POSITIVE_INFINITY;
    const others = Math.min(
      relay.nextAt,
      joiner.nextAt,
      facts.nextAt,
      claims.nextAt,
      metadata.nextAt,
      reconnect.nextAt,
    );
    const syncAt = antiEntropy.nextAt;
    return Math.min(prober.nextAt, gossipAt, sweepAt, syncAt, others);
  }

  /** Asks addresses what they know: to join, and later to find those that were lost. */
  contact(addresses: readonly string[], out: SwimEffects): void {
    this.#engine.joiner.contact(addresses, out);
  }

  /** Comes up as the first node, without an answer from anybody. */
  comeUp(now: MonotonicMs, out: SwimEffects): void {
    this.#engine.joiner.comeUp(now, out);
  }

  /** One datagram, or the answer to an exchange. */
  receive(now: MonotonicMs, from: string, bytes: Uint8Array, out: SwimEffects): void {
    if (this.phase !== 'joining' && !this.#isRunning) return;
    this.#engine.parts.lags.reach(now);
    this.#engine.receiver.receive(now, from, bytes, out);
    this.#engine.metadata.begin(now, out);
  }

  tick(now: MonotonicMs, out: SwimEffects): void {
    const { prober, relay, joiner, facts, claims, metadata, antiEntropy, reconnect, parts } = this.#engine;
    if (this.phase === 'joining') joiner.tick(now, out);
    if (!this.#isRunning) return;
    parts.lags.reach(now);
    joiner.tick(now, out);
    prober.tick(now, out);
    relay.tick(now, out);
    facts.tick(now, out);
    claims.tick(now, out);
    metadata.tick(now, out);
    antiEntropy.tick(now, out);
    if (now >= this.#gossipAt) this.#gossip(now, out);
    const lost = reconnect.tick(now);
    if (lost !== undefined) joiner.contact([lost], out);
    if (now >= this.#sweepAt) {
      this.#sweepAt = after(now, sweepMs);
      facts.sweep(now);
    }
    if (this.phase === 'leaving' && this.#hasLeft) joiner.enter('left', undefined, out);
  }

  /**
   * The loop stood still for `stallMs` and has since delivered what had arrived meanwhile. Nothing that was due in that time is held
   * against anybody. What was in flight gets the time back to the millisecond, so the stall says nothing about what we hear; it counts
   * against our health once, and only if it was so long that others may accuse us. Then we object before they do.
   */
  slip(now: MonotonicMs, stallMs: number): void {
    const { prober, relay, joiner, facts, parts, receiver } = this.#engine;
    parts.counts.stalled += 1;
    receiver.setLag(stallMs);
    prober.slip(stallMs);
    relay.slip(stallMs);
    joiner.slip(stallMs);
    parts.suspicions.slip(stallMs, parts.ears.stalled(now, stallMs));
    if (stallMs <= parts.options.probePeriodMs) return;
    parts.health.change(1);
    if (this.phase === 'up') facts.refute(0);
  }

  /** The loop runs on time again. */
  onTime(): void {
    this.#engine.receiver.setLag(0);
  }

  /** A link's observation. It raises or ends doubts; it never removes anybody by itself. */
  report(now: MonotonicMs, evidence: LinkEvidence, out: SwimEffects): void {
    const { parts, prober, facts } = this.#engine;
    const slot = parts.table.findSlot(evidence.node.name);
    if (this.phase !== 'up' || slot < 0 || parts.table.lifeOf(slot).epoch !== evidence.node.epoch) return;
    if (evidence.node.name === parts.self.life.name || !parts.table.isLive(slot)) return;
    if (evidence.kind === 'heard') {
      prober.heard(slot);
      return;
    }
    parts.agenda.wantProbe(slot);
    prober.hurry(now);
    if (evidence.kind === 'refused') facts.accuse(now, slot, true, out);
  }

  /** Changes what this node says of itself; throws `too-large`. */
  updateMetadata(metadata: Uint8Array, out: SwimEffects): void {
    if (metadata.length > memberMetadataBytesMax) {
      throw new ClusterError('too-large', `metadata has ${metadata.length} bytes; at most ${memberMetadataBytesMax}`);
    }
    // Whoever has said good-bye stays gone, whatever it still says of itself.
    if (this.phase === 'leaving' || this.phase === 'left') return;
    const { parts, facts } = this.#engine;
    parts.self.changeMetadata(metadata);
    if (this.phase === 'up') facts.announce();
    else parts.table.put(parts.self.life, parts.self.incarnation);
    facts.emit('updated', parts.table.findSlot(parts.self.life.name), out);
  }

  /** Says good-bye; `left` follows when enough have been told. */
  leave(now: MonotonicMs, out: SwimEffects): void {
    const { parts, joiner } = this.#engine;
    if (this.phase !== 'up') {
      joiner.enter('left', undefined, out);
      return;
    }
    joiner.enter('leaving', undefined, out);
    const { name, epoch } = parts.self.life;
    const { incarnation } = parts.self;
    const slot = parts.table.findSlot(name);
    parts.gossip.tell(slot, partToBytes({ kind: 'left', name, epoch, incarnation }));
    this.#gossipTo(farewellBurst, now, out);
    if (this.#hasLeft) joiner.enter('left', undefined, out);
  }

  attachDigest(name: string, source: DigestSource): Unlisten {
    return this.#engine.digests.attach(name, source);
  }

  /** Tells every other member; throws `too-large` or `overloaded`. */
  spread(topic: string, bytes: Uint8Array): void {
    this.#engine.spread.spread(topic, bytes);
  }

  /** Tells one member; false when it is none. Throws `too-large`. */
  send(to: NodeId, message: { readonly topic: string; readonly bytes: Uint8Array }, out: SwimEffects): boolean {
    return this.phase === 'up' && this.#engine.spread.send(to, message, out);
  }

  get #hasNews(): boolean {
    const { gossip, spreads } = this.#engine.parts;
    return gossip.size + spreads.size > 0;
  }

  /** Whoever says good-bye does not wait. */
  get #gossipAt(): number {
    return this.#rounds.nextAt(this.phase === 'leaving');
  }

  get #isRunning(): boolean {
    return this.phase === 'up' || this.phase === 'leaving';
  }

  get #hasLeft(): boolean {
    const { parts } = this.#engine;
    return parts.table.liveCount <= 1 || !parts.gossip.isTelling(parts.table.findSlot(parts.self.life.name));
  }

  #gossip(now: MonotonicMs, out: SwimEffects): void {
    this.#rounds.held(now);
    this.#gossipTo(this.#engine.parts.options.gossipFanout, now, out);
  }

  /** Tells news to the next members in turn, and to those that failed a short while ago, so that they can object. */
  #gossipTo(count: number, now: MonotonicMs, out: SwimEffects): void {
    const { parts, outbox } = this.#engine;
    const { table, options, self } = parts;
    const own = table.findSlot(self.life.name);
    const isListener = (slot: number): boolean => {
      if (slot === own) return false;
      if (table.isLive(slot)) return true;
      const goneAt = table.findGoneAt(slot);
      return table.findStatus(slot) === 'failed' && goneAt !== undefined && now - goneAt < options.gossipToFailedMs;
    };
    this.#tellOrder.pick({ capacity: table.capacity, count }, isListener, this.#picked);
    for (const slot of this.#picked) {
      if (!this.#hasNews) break;
      outbox.news(slot, out);
    }
  }
}

/** Old tombstones are looked for this often. */
const sweepMs = 10_000;
/** Members that hear a good-bye at first hand at once. */
const farewellBurst = 16;
