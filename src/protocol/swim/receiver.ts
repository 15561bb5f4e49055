import { unreachable } from '../../core/assert.js';
import type { MonotonicMs } from '../../core/clock.js';
import type { AntiEntropy, SyncPeer } from './anti-entropy.js';
import type { Claims } from './claims.js';
import type { Doubts } from './doubts.js';
import type { SwimEffects } from './effects.js';
import type { Facts } from './facts.js';
import type { Joiner } from './joiner.js';
import type { AckMessage, PingMessage, RecordMessage, SwimMessage } from './messages.js';
import type { Metadata } from './metadata.js';
import type { Outbox } from './outbox.js';
import { type PacketHead, PacketReader } from './packet.js';
import { deafMembersMin, type SwimParts } from './parts.js';
import type { Prober } from './probe.js';
import type { Relay } from './relay.js';
import type { Spread } from './spread.js';
import type { TableDigests } from './table-digests.js';

/** The parts that messages go to. */
export interface ReceiverDeps {
  readonly parts: SwimParts;
  readonly facts: Facts;
  readonly claims: Claims;
  readonly doubts: Doubts;
  readonly outbox: Outbox;
  readonly antiEntropy: AntiEntropy;
  readonly prober: Prober;
  readonly relay: Relay;
  readonly joiner: Joiner;
  readonly metadata: Metadata;
  readonly digests: TableDigests;
  readonly spread: Spread;
}

/** Reads datagrams and hands each part to whom it concerns. What it cannot read it drops and counts. */
export class Receiver {
  readonly #deps: ReceiverDeps;
  readonly #reader: PacketReader;
  /** How late this node's timers last ran; acknowledgements tell it. */
  #lagMs = 0;

  constructor(deps: ReceiverDeps) {
    this.#deps = deps;
    const { options, self } = deps.parts;
    this.#reader = new PacketReader(options.label, self.life.wireMin, self.life.wireMax);
  }

  setLag(lagMs: number): void {
    this.#lagMs = Math.min(lagMsMax, Math.round(lagMs));
  }

  receive(now: MonotonicMs, from: string, bytes: Uint8Array, out: SwimEffects): void {
    const { parts, joiner, outbox } = this.#deps;
    const { counts, table, self } = parts;
    counts['datagrams-received'] += 1;
    counts['bytes-received'] += bytes.length;
    const plain = parts.armour === undefined ? bytes : parts.armour.open(now, bytes);
    if (typeof plain === 'string') {
      counts[`drop-${plain}`] += 1;
      return;
    }
    const answerBytesMax = parts.armour === undefined ? bytes.length * amplificationMax : Number.POSITIVE_INFINITY;
    const opening = this.#reader.open(plain);
    if (opening === 'notice') {
      const [wireMin, wireMax] = this.#reader.notice;
      joiner.incompatible({ address: from, wireMin, wireMax }, out);
      outbox.speakTo(wireMax);
      return;
    }
    if (opening !== 'ok') {
      counts[`drop-${opening}`] += 1;
      // The notice is shorter than anything it may answer.
      if (opening === 'version' && bytes.length > noticeBytes) outbox.versionNotice(from, out);
      return;
    }
    const head = this.#reader.head;
    if (head.name === self.life.name && head.epoch === self.life.epoch) {
      counts['drop-own'] += 1;
      return;
    }
    this.#hear(now, out);
    // Whoever asks can read what it speaks.
    if (findSender(table, head) < 0) outbox.speakTo(head.version);
    for (let part = this.#reader.next(); part !== undefined; part = this.#reader.next()) {
      if (part === 'unknown') counts['drop-unknown-part'] += 1;
      else if (part === 'malformed') counts['drop-malformed'] += 1;
      else this.#dispatch(now, { address: from, slot: findSender(table, head), head, answerBytesMax }, part, out);
    }
  }

  #hear(now: MonotonicMs, out: SwimEffects): void {
    const { parts, doubts } = this.#deps;
    const { options, ears, table, suspicions } = parts;
    const silentMs = ears.heard(now, options.probePeriodMs);
    doubts.withdraw(out);
    // What we could not hear was not their silence.
    if (silentMs > 0 && options.holdWhenDeaf && table.liveCount >= deafMembersMin) suspicions.forgive(now, silentMs);
  }

  #dispatch(now: MonotonicMs, sender: Sender, message: SwimMessage, out: SwimEffects): void {
    const { joiner } = this.#deps;
    if (message.kind === 'ack') this.#acked(now, sender, message, out);
    else if (message.kind === 'gone') this.#gone(now, message.seq, out);
    else if (message.kind === 'join') joiner.asked(sender.address, message, out);
    else if (message.kind === 'welcome') joiner.welcomed(now, sender, message, out);
    // Before it is up a node has no say.
    else if (message.kind !== 'pad' && joiner.isRunning) this.#dispatchUp(now, sender, message, out);
  }

  #dispatchUp(now: MonotonicMs, sender: Sender, message: UpMessage, out: SwimEffects): void {
    const { facts, antiEntropy, metadata, prober, relay, spread } = this.#deps;
    switch (message.kind) {
      case 'ping':
        return this.#pinged(sender, message, out);
      case 'ask':
        return relay.ask(now, sender, message, out);
      case 'nack':
        return prober.nacked(message.seq);
      case 'alive':
      case 'record':
        return facts.learn(now, message, out);
      case 'suspect':
        return facts.suspect(now, message, out);
      case 'failed':
        return facts.failed(now, message, out);
      case 'left':
        return facts.left(now, message, sender.head.name, out);
      case 'sync':
        return antiEntropy.answer(now, sender, message, out);
      case 'sync-end':
        return antiEntropy.ended(now, sender, message, out);
      case 'metadata-wanted':
        return metadata.answer(sender, message, out);
      case 'metadata':
        return metadata.receive(now, message, out);
      case 'spread':
        return spread.receive(now, message);
      case 'direct':
        return spread.receiveDirect(sender, message);
      default:
        return unreachable(message);
    }
  }

  #pinged(sender: Sender, ping: PingMessage, out: SwimEffects): void {
    const { parts, outbox, digests } = this.#deps;
    const { self, table } = parts;
    const { name, epoch } = self.life;
    const { seq } = ping;
    if (ping.name !== name || ping.epoch !== epoch) {
      const alive = { kind: 'alive', life: self.life, incarnation: self.incarnation } as const;
      // Who we are comes with it: if we replaced whom it looks for, it knows at once.
      outbox.toAddress(sender.address, sender.slot, [{ kind: 'gone', seq, name, epoch }, alive], out);
      return;
    }
    const { liveCount: count, hash } = table;
    const ack = { kind: 'ack', seq, count, hash, lagMs: this.#lagMs, tables: digests.own() } as const;
    outbox.toAddress(sender.address, sender.slot, [ack, ...this.#successorOf(sender)], out);
  }

  /** The life that took a sender's place: nobody else would tell it, for nobody counts on it any more. */
  #successorOf(sender: Sender): readonly RecordMessage[] {
    const { table } = this.#deps.parts;
    const slot = sender.slot >= 0 ? -1 : table.findSlot(sender.head.name);
    if (slot < 0 || !table.isLive(slot) || table.lifeOf(slot).epoch <= sender.head.epoch) return noRecords;
    return [{ kind: 'alive', life: table.lifeOf(slot), incarnation: table.statedOf(slot) }];
  }

  #gone(now: MonotonicMs, seq: number, out: SwimEffects): void {
    const { joiner, relay, prober, claims } = this.#deps;
    if (!joiner.gone(now, seq, out) && !relay.gone(seq) && !claims.gone(seq)) prober.gone(now, seq, out);
  }

  #acked(now: MonotonicMs, sender: Sender, ack: AckMessage, out: SwimEffects): void {
    const { joiner, relay, prober, antiEntropy, digests, claims, facts } = this.#deps;
    if (joiner.acked(now, ack.seq, out) || !joiner.isRunning) return;
    const proved = claims.acked(ack.seq, sender.head);
    if (proved !== undefined) facts.learn(now, proved, out);
    if (!relay.acked(ack.seq, out)) prober.acked(now, ack.seq);
    if (sender.slot < 0) return;
    this.#deps.parts.lags.answered(sender.slot, ack.lagMs);
    antiEntropy.compare(now, sender, ack, out);
    if (ack.tables.length > 0) digests.heard({ name: sender.head.name, epoch: sender.head.epoch }, ack.tables);
  }
}

type UpMessage = Exclude<SwimMessage, { kind: 'ack' | 'gone' | 'join' | 'welcome' | 'pad' }>;

interface Sender extends SyncPeer {
  readonly head: PacketHead;
}

/** The slot of a known sender in its current life, or -1. */
function findSender(table: SwimParts['table'], head: PacketHead): number {
  const slot = table.findSlot(head.name);
  return slot >= 0 && table.lifeOf(slot).epoch === head.epoch ? slot : -1;
}

const noRecords: readonly RecordMessage[] = [];
const noticeBytes = 7;
/** In clear an answer is at most so many times as long as the question; QUIC (RFC 9000, section 8.1) has 3, we count the end of it too. */
const amplificationMax = 4;
/** A lag beyond this is told as this; the field is for people. */
const lagMsMax = 3_600_000;
