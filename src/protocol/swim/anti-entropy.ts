import { after, type MonotonicMs } from '../../core/clock.js';
import type { SwimEffects } from './effects.js';
import type { Facts } from './facts.js';
import { leafBitsMax } from './member-table.js';
import type { Digest, RecordMessage, SuspectMessage, SyncEndMessage, SyncMessage } from './messages.js';
import type { Outbox } from './outbox.js';
import type { PacketHead } from './packet.js';
import type { SwimParts } from './parts.js';
import { pickSlots } from './probe-order.js';

/** Where an answer or a hint came from. */
export interface SyncPeer {
  readonly address: string;
  /** -1 for a stranger. */
  readonly slot: number;
  /** How long an answer to it may be; without limit when it proved that it has the key. */
  readonly answerBytesMax?: number;
}

/**
 * Compares tables by the digest on every acknowledgement, and pulls the ranges that differ: the convergence mechanism, in place of a
 * periodic exchange of everything. A pull brings what the other has; if tables still differ after it, the other is told and pulls in
 * turn. Pulls are rare while gossip is on its way, back off when they bring nothing, and answers are rate-capped. What a pull brought is
 * judged when the next one is due: datagrams overtake each other, and the end of an answer says nothing about what is still under way.
 */
export class AntiEntropy {
  readonly #parts: SwimParts;
  readonly #facts: Facts;
  readonly #outbox: Outbox;
  readonly #picked: number[] = [];
  #nextPullAt: MonotonicMs;
  #waitMs: number;
  #eagerAt = Number.POSITIVE_INFINITY;
  #eagerUntil: MonotonicMs;
  #asked: string | undefined;
  /** Who welcomed a newcomer and has not told whom it knows. */
  readonly #welcomers = new Map<string, SyncPeer>();
  #firstTries = 0;
  /** Most live members that an answer to a newcomer spoke of; 0 until one came. */
  #wanted = 0;
  #caughtUp = false;
  #hashBefore = 0;
  #askedAt: MonotonicMs;
  /** The end of the last answer came; before that its silence is the network's. */
  #isAnswered = false;
  #tokens: number;
  #tokensAt: MonotonicMs;

  constructor(parts: SwimParts, facts: Facts, outbox: Outbox, now: MonotonicMs) {
    this.#parts = parts;
    this.#facts = facts;
    this.#outbox = outbox;
    this.#nextPullAt = now;
    this.#askedAt = now;
    this.#waitMs = parts.options.syncPeriodMs;
    this.#tokens = parts.options.syncPacketsPerSecond;
    this.#tokensAt = now;
    this.#eagerUntil = now;
  }

  /** When `tick` has something to do. */
  get nextAt(): number {
    return this.#eagerAt;
  }

  /** True once this node has as many members as those that welcomed it; a node that nobody welcomed never gets there. */
  get hasCaughtUp(): boolean {
    const isTold = this.#wanted > 0 && this.#welcomers.size === 0;
    this.#caughtUp ||= isTold && this.#parts.table.liveCount >= this.#wanted;
    return this.#caughtUp;
  }

  /** A newcomer's first question: who we are, and whom do you know. Asked again, of others too, until it has been answered. */
  pullFirst(now: MonotonicMs, peer: SyncPeer, out: SwimEffects): void {
    if (!this.hasCaughtUp) {
      if (this.#welcomers.size < welcomersMax) this.#welcomers.set(peer.address, peer);
      this.#eagerAt = Math.min(this.#eagerAt, after(now, this.#firstWaitMs()));
    }
    this.#ask(now, { peer, introduces: true }, out);
  }

  /** This node has just come up: it asks somebody again and again for a while, as many may be coming up with it. */
  beginEagerly(now: MonotonicMs): void {
    if (!this.#parts.options.digestSync) return;
    this.#eagerUntil = after(now, eagerMs);
    this.#eagerAt = after(now, this.#eagerWaitMs());
  }

  tick(now: MonotonicMs, out: SwimEffects): void {
    if (now < this.#eagerAt) return;
    const isFirst = this.#welcomers.size > 0;
    const waitMs = isFirst ? this.#firstWaitMs() : this.#eagerWaitMs();
    this.#eagerAt = now < this.#eagerUntil ? after(now, waitMs) : Number.POSITIVE_INFINITY;
    const { table, random, self } = this.#parts;
    const isOther = (slot: number): boolean => table.isAlive(slot) && table.nameOf(slot) !== self.life.name;
    pickSlots(random, { capacity: table.capacity, count: 1 }, isOther, this.#picked);
    const slot = this.#picked[0];
    const other = slot === undefined ? undefined : { address: table.lifeOf(slot).address, slot };
    this.#firstTries += 1;
    // A welcomer that is overrun, or not yet up itself, does not answer; whoever is known by then may.
    const peer = isFirst && (other === undefined || this.#firstTries % 2 === 1) ? this.#nextWelcomer() : other;
    if (peer !== undefined) this.#ask(now, { peer, introduces: isFirst }, out);
  }

  /** A member's digest came by. */
  compare(now: MonotonicMs, peer: SyncPeer, digest: Digest, out: SwimEffects): void {
    const { options, table } = this.#parts;
    if (!options.digestSync) return;
    if (this.#isEqual(digest)) {
      this.#agreed(now);
      return;
    }
    if (now < this.#mayPullAt(digest)) return;
    // What is being told will arrive by itself; a large difference will not.
    const isSettled = now - this.#facts.changedAt > options.gossipPeriodMs * settledRounds;
    if (!isSettled && Math.abs(digest.count - table.liveCount) <= smallDifference) return;
    this.pull(now, peer, out);
  }

  /** Asks for whatever differs. */
  pull(now: MonotonicMs, peer: SyncPeer, out: SwimEffects): void {
    this.#ask(now, { peer, introduces: false }, out);
  }

  #ask(now: MonotonicMs, question: { readonly peer: SyncPeer; readonly introduces: boolean }, out: SwimEffects): void {
    const { table, counts, options, self } = this.#parts;
    const { peer, introduces } = question;
    counts['sync-asked'] += 1;
    if (table.hash !== this.#hashBefore) this.#waitMs = options.syncPeriodMs;
    else if (this.#isAnswered) this.#waitMs = Math.min(this.#waitMs * 2, waitMsMax);
    this.#nextPullAt = after(now, this.#waitMs);
    this.#askedAt = now;
    this.#asked = peer.address;
    this.#isAnswered = false;
    this.#hashBefore = table.hash;
    // About four members a leaf, and all leaves in one datagram with room for its head.
    const fits = (options.datagramMaxBytes >= 1300 ? leafBitsMax : leafBitsMax - 2) - (introduces ? 1 : 0);
    const bits = Math.max(0, Math.min(fits, Math.ceil(Math.log2(Math.max(1, table.liveCount / 4)))));
    const leaves: number[] = [];
    for (let index = 0; index < 1 << bits; index += 1) leaves.push(table.leafHash(index, bits));
    // One datagram. An answer is for members, so whoever asks first says who it is before the question is read. Later the leaves go
    // first, for they have to fit: who has lost us refuses this question and answers the next.
    const own = { kind: 'alive', life: self.life, incarnation: self.incarnation } as const;
    const sync = { kind: 'sync', bits, leaves } as const;
    this.#outbox.question({ ...peer, share: 1 }, introduces ? [own, sync] : [sync, own], out);
  }

  /** Sends the members of the leaves that differ. Strangers get nothing, but that an earlier life is told of the later one. */
  answer(now: MonotonicMs, peer: SyncPeer & { readonly head: PacketHead }, sync: SyncMessage, out: SwimEffects): void {
    const { counts, options, table } = this.#parts;
    this.#refill(now);
    if (peer.slot < 0) this.#tellLaterLife(peer, out);
    // One of them is the end, so an answer is never longer than what the question pays for.
    const payed = Math.floor((peer.answerBytesMax ?? Number.POSITIVE_INFINITY) / options.datagramMaxBytes) - 1;
    if (peer.slot < 0 || this.#tokens < 1 || payed < 1) {
      counts[peer.slot >= 0 && payed < 1 ? 'drop-amplifying' : 'sync-refused'] += 1;
      return;
    }
    counts['sync-answered'] += 1;
    const packetsMax = Math.max(1, Math.min(options.syncPacketsMax, Math.floor(this.#tokens), payed));
    const slots = this.#slotsThatDiffer(sync);
    const { sent, packets } = this.#outbox.stream({ ...peer, packetsMax }, this.#records(slots), out);
    this.#tokens -= packets;
    const { liveCount: count, hash } = table;
    const wanted = slots.length + slots.filter((slot) => this.#findDoubt(slot) !== undefined).length;
    this.#outbox.toAddress(peer.address, peer.slot, [{ kind: 'sync-end', count, hash, truncated: sent < wanted }], out);
  }

  /** The answer is complete, or somebody hints that we differ. */
  ended(now: MonotonicMs, peer: SyncPeer, end: SyncEndMessage, out: SwimEffects): void {
    const { table } = this.#parts;
    const isAnswer = this.#asked === peer.address;
    if (isAnswer) this.#asked = undefined;
    if (isAnswer && this.#welcomers.size > 0 && !this.#welcomers.delete(peer.address)) this.#welcomers.clear();
    else this.#welcomers.delete(peer.address);
    if (!this.#caughtUp) this.#wanted = Math.max(this.#wanted, end.count);
    if (this.#isEqual(end)) {
      this.#agreed(now);
      return;
    }
    if (!isAnswer) {
      this.compare(now, peer, end, out);
      return;
    }
    this.#isAnswered = true;
    if (end.truncated) {
      // There is more. Before what came with it is here the same question would bring the same again.
      if (table.hash !== this.#hashBefore) this.pull(now, peer, out);
      else this.#eagerAt = Math.min(this.#eagerAt, after(now, this.#waitMs / 4));
      return;
    }
    const { liveCount: count, hash } = table;
    this.#outbox.toAddress(peer.address, peer.slot, [{ kind: 'sync-end', count, hash, truncated: false }], out);
  }

  /** Somebody has the same table: whatever was asked for in vain is over. */
  #agreed(now: MonotonicMs): void {
    this.#waitMs = this.#parts.options.syncPeriodMs;
    if (this.#nextPullAt - now > this.#waitMs) this.#nextPullAt = after(now, this.#waitMs);
  }

  /** Whoever is far behind does not wait long, however often it asked in vain: it may have asked others that were behind too. */
  #mayPullAt(digest: Digest): number {
    const { table, options } = this.#parts;
    const isFull = table.liveCount + table.goneCount >= options.membersMax;
    const isBehind = digest.count - table.liveCount > smallDifference && !isFull;
    return isBehind ? Math.min(this.#nextPullAt, this.#askedAt + waitBehindMsMax) : this.#nextPullAt;
  }

  /** Each in turn. */
  #nextWelcomer(): SyncPeer | undefined {
    for (const [address, peer] of this.#welcomers) {
      this.#welcomers.delete(address);
      this.#welcomers.set(address, peer);
      return peer;
    }
    return undefined;
  }

  #firstWaitMs(): number {
    return this.#parts.options.syncPeriodMs / 2;
  }

  /** A process whose clock went back lives below its own tombstone, and only it can rise above that. */
  #tellLaterLife(peer: SyncPeer & { readonly head: PacketHead }, out: SwimEffects): void {
    const { table } = this.#parts;
    const slot = table.findSlot(peer.head.name);
    if (slot < 0 || table.lifeOf(slot).epoch <= peer.head.epoch) return;
    const record = { kind: 'record', life: table.lifeOf(slot), incarnation: table.incarnationOf(slot) } as const;
    this.#outbox.toAddress(peer.address, -1, [record], out);
  }

  #eagerWaitMs(): number {
    return this.#parts.options.syncPeriodMs * 2 + this.#parts.random.below(this.#parts.options.syncPeriodMs * 2);
  }

  #isEqual(digest: Digest): boolean {
    return digest.hash === this.#parts.table.hash && digest.count === this.#parts.table.liveCount;
  }

  /** Starts at a random place, so that several answers that were cut short differ. */
  #slotsThatDiffer(sync: SyncMessage): number[] {
    const { table, random } = this.#parts;
    const differs: boolean[] = [];
    for (let index = 0; index < sync.leaves.length; index += 1) {
      differs.push(sync.leaves[index] !== table.leafHash(index, sync.bits));
    }
    const slots: number[] = [];
    const { capacity } = table;
    const start = capacity === 0 ? 0 : random.below(capacity);
    for (let step = 0; step < capacity; step += 1) {
      const slot = (start + step) % capacity;
      if (table.isLive(slot) && differs[table.leafOf(slot, sync.bits)] === true) slots.push(slot);
    }
    return slots;
  }

  /** A record says what its subject said, no more. Where a doubt is ahead of that, the doubt comes with it under its own name. */
  *#records(slots: readonly number[]): Iterable<RecordMessage | SuspectMessage> {
    const { table } = this.#parts;
    for (const slot of slots) {
      yield { kind: 'record', life: table.lifeOf(slot), incarnation: table.statedOf(slot) };
      const doubt = this.#findDoubt(slot);
      if (doubt !== undefined) yield doubt;
    }
  }

  #findDoubt(slot: number): SuspectMessage | undefined {
    const { table, suspicions } = this.#parts;
    const incarnation = table.incarnationOf(slot);
    const from = suspicions.find(slot)?.accusers[0];
    if (incarnation === table.statedOf(slot) || from === undefined) return undefined;
    const { name, epoch } = table.lifeOf(slot);
    return { kind: 'suspect', name, epoch, incarnation, from, refused: false };
  }

  #refill(now: MonotonicMs): void {
    const { syncPacketsPerSecond } = this.#parts.options;
    const gained = ((now - this.#tokensAt) * syncPacketsPerSecond) / 1000;
    this.#tokens = Math.min(syncPacketsPerSecond, this.#tokens + gained);
    this.#tokensAt = now;
  }
}

/** As many as one attempt asks. */
const welcomersMax = 64;
/** How long a node that came up asks by itself; afterwards the digests on acknowledgements say when there is reason to. */
const eagerMs = 3000;
/** Gossip rounds without a change after which news is taken to have arrived. */
const settledRounds = 4;
/** Members more or less that gossip is trusted with. */
const smallDifference = 3;
/** Two tables that cannot agree are a fault; asking more often than this does not help it. */
const waitMsMax = 10_000;
/** About one question for each acknowledgement of our own probes. */
const waitBehindMsMax = 1000;
