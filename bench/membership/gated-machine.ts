/**
 * The production machine's parts under the paper's anomaly. There, an agent has a loop that probes and a loop that gossips, and each
 * blocks "immediately before sending", while suspicions run out as ever. Our machine never waits for a send, so its outer loop is
 * set apart here: while blocked, probing stops at its first send, gossip at its own, and the rest of the machine runs on.
 */
import type { MonotonicMs } from '../../src/core/clock.js';
import { buildEngine, type SwimEngine, type SwimSetup } from '../../src/protocol/swim/engine.js';
import type { SwimEffects } from '../../src/protocol/swim/effects.js';
import type { SwimCounts } from '../../src/protocol/swim/counts.js';
import { pickSlots } from '../../src/protocol/swim/probe-order.js';
import { GossipRounds } from '../../src/protocol/swim/rounds.js';
import type { SwimView } from '../../src/protocol/swim/view.js';

/** What a lab needs of a machine. */
export interface LabMachine {
  readonly nextAt: number;
  readonly view: SwimView;
  readonly counts: Readonly<SwimCounts>;
  comeUp(now: MonotonicMs, out: SwimEffects): void;
  receive(now: MonotonicMs, from: string, bytes: Uint8Array, out: SwimEffects): void;
  tick(now: MonotonicMs, out: SwimEffects): void;
}

/** A machine whose loops block. */
export class GatedMachine implements LabMachine {
  readonly #engine: SwimEngine;
  readonly #picked: number[] = [];
  readonly #rounds: GossipRounds;
  #isBlocked = false;
  #probeStuck = false;
  #gossipStuck = false;
  #sends = 0;

  constructor(now: MonotonicMs, setup: SwimSetup) {
    this.#engine = buildEngine(now, setup);
    this.#rounds = new GossipRounds(this.#engine.parts, now);
  }

  get view(): SwimView {
    return this.#engine.view;
  }

  get counts(): Readonly<SwimCounts> {
    return this.#engine.parts.counts;
  }

  get nextAt(): number {
    const { prober, relay, facts, antiEntropy, reconnect } = this.#engine;
    const probeAt = this.#probeStuck ? Number.POSITIVE_INFINITY : prober.nextAt;
    const gossipAt = this.#gossipStuck ? Number.POSITIVE_INFINITY : this.#rounds.nextAt(false);
    const others = this.#isBlocked ? Number.POSITIVE_INFINITY : Math.min(antiEntropy.nextAt, reconnect.nextAt);
    return Math.min(probeAt, gossipAt, relay.nextAt, facts.nextAt, others);
  }

  block(): void {
    this.#isBlocked = true;
  }

  /** Every loop goes on where it stood. */
  unblock(now: MonotonicMs, out: SwimEffects): void {
    this.#isBlocked = false;
    this.#probeStuck = false;
    this.#gossipStuck = false;
    this.tick(now, out);
  }

  comeUp(now: MonotonicMs, out: SwimEffects): void {
    this.#engine.joiner.comeUp(now, out);
  }

  receive(now: MonotonicMs, from: string, bytes: Uint8Array, out: SwimEffects): void {
    this.#engine.receiver.receive(now, from, bytes, out);
  }

  tick(now: MonotonicMs, out: SwimEffects): void {
    const { prober, relay, facts, antiEntropy, reconnect, joiner } = this.#engine;
    if (!this.#probeStuck) {
      const sends = this.#sent();
      prober.tick(now, out);
      this.#probeStuck = this.#isBlocked && this.#sent() > sends;
    }
    relay.tick(now, out);
    facts.tick(now, out);
    if (!this.#isBlocked) {
      antiEntropy.tick(now, out);
      const lost = reconnect.tick(now);
      if (lost !== undefined) joiner.contact([lost], out);
    }
    if (!this.#gossipStuck && now >= this.#rounds.nextAt(false)) this.#gossip(now, out);
  }

  #sent(): number {
    this.#sends = this.#engine.parts.counts['datagrams-sent'];
    return this.#sends;
  }

  /** As the machine's own, but that a blocked loop stands at its first datagram. */
  #gossip(now: MonotonicMs, out: SwimEffects): void {
    const { parts, outbox } = this.#engine;
    const { options, table, self } = parts;
    this.#rounds.held(now);
    const own = table.findSlot(self.life.name);
    const isListener = (slot: number): boolean => {
      if (slot === own) return false;
      if (table.isLive(slot)) return true;
      const goneAt = table.findGoneAt(slot);
      return table.findStatus(slot) === 'failed' && goneAt !== undefined && now - goneAt < options.gossipToFailedMs;
    };
    const count = this.#isBlocked ? 1 : options.gossipFanout;
    pickSlots(parts.random, { capacity: table.capacity, count }, isListener, this.#picked);
    for (const slot of this.#picked) if (parts.gossip.size > 0) outbox.news(slot, out);
    this.#gossipStuck = this.#isBlocked;
  }
}
