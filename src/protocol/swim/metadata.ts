import { after, type MonotonicMs } from '../../core/clock.js';
import { emptyBytes } from '../../core/bytes.js';
import { hashBytes } from '../../core/hash.js';
import type { SyncPeer } from './anti-entropy.js';
import type { SwimEffects } from './effects.js';
import type { Facts } from './facts.js';
import type { MetadataMessage, MetadataWantedMessage } from './messages.js';
import type { Outbox } from './outbox.js';
import type { SwimParts } from './parts.js';
import { pickSlots } from './probe-order.js';

/** Metadata on its way to us. */
interface Pull {
  readonly slot: number;
  readonly epoch: number;
  readonly version: number;
  readonly bytes: Uint8Array;
  /** Ranges that came, one flag each. */
  readonly got: Uint8Array;
  missing: number;
  /** The first range that was never asked for. */
  next: number;
  retryAt: MonotonicMs;
  tries: number;
  /** Times that everything came and did not match. */
  broken: number;
}

/**
 * Members' metadata. Gossip carries version and hash; the content is pulled in ranges from the member itself, and after silence from
 * anybody, a few members at a time. What does not match the hash is thrown away.
 */
export class Metadata {
  readonly #parts: SwimParts;
  readonly #facts: Facts;
  readonly #outbox: Outbox;
  readonly #held = new Map<number, { readonly epoch: number; readonly version: number; readonly bytes: Uint8Array }>();
  readonly #pulls = new Map<number, Pull>();
  readonly #picked: number[] = [];

  constructor(parts: SwimParts, facts: Facts, outbox: Outbox) {
    this.#parts = parts;
    this.#facts = facts;
    this.#outbox = outbox;
  }

  get nextAt(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const pull of this.#pulls.values()) next = Math.min(next, pull.retryAt);
    return next;
  }

  /** What has been pulled of a member's current metadata. */
  find(slot: number): Uint8Array | undefined {
    const { table, self } = this.#parts;
    const life = table.lifeOf(slot);
    if (life.name === self.life.name) return self.metadata;
    if (life.metadataVersion === 0) return emptyBytes;
    const held = this.#held.get(slot);
    return held?.epoch === life.epoch && held.version === life.metadataVersion ? held.bytes : undefined;
  }

  /** Starts pulls that are wanted, as many as may run at once. */
  begin(now: MonotonicMs, out: SwimEffects): void {
    const { agenda, table } = this.#parts;
    while (agenda.wantsMetadata && this.#pulls.size < pullsMax) {
      const slot = agenda.takeMetadata();
      if (slot === undefined || !table.isLive(slot)) continue;
      const { epoch, metadataVersion: version, metadataBytes } = table.lifeOf(slot);
      if (this.find(slot) !== undefined) continue;
      const bytes = new Uint8Array(metadataBytes);
      const ranges = Math.ceil(metadataBytes / this.#rangeBytes);
      const got = new Uint8Array(ranges);
      const pull = { slot, epoch, version, bytes, got, missing: ranges, next: 0, retryAt: now, tries: 0, broken: 0 };
      this.#pulls.set(slot, pull);
      if (ranges === 0) this.#finish(now, pull, out);
      else this.#askAgain(now, pull, out);
    }
  }

  /** Answers a range of what we hold; to strangers nothing. */
  answer(asker: SyncPeer, wanted: MetadataWantedMessage, out: SwimEffects): void {
    const { table, counts } = this.#parts;
    const slot = table.findSlot(wanted.name);
    if (asker.slot < 0 || slot < 0) {
      counts['drop-stranger'] += 1;
      return;
    }
    const life = table.lifeOf(slot);
    const bytes = this.find(slot);
    const isCurrent = life.epoch === wanted.epoch && life.metadataVersion === wanted.version;
    if (bytes === undefined || !isCurrent || wanted.offset >= bytes.length) return;
    const { name, epoch, version, offset } = wanted;
    if ((asker.answerBytesMax ?? Number.POSITIVE_INFINITY) < this.#rangeBytes + rangeHeadBytes) {
      counts['drop-amplifying'] += 1;
      return;
    }
    const range = bytes.subarray(offset, offset + this.#rangeBytes);
    this.#outbox.toAddress(asker.address, -1, [{ kind: 'metadata', name, epoch, version, offset, bytes: range }], out);
  }

  /** A range came, in any order. */
  receive(now: MonotonicMs, message: MetadataMessage, out: SwimEffects): void {
    const slot = this.#parts.table.findSlot(message.name);
    const pull = slot < 0 ? undefined : this.#pulls.get(slot);
    if (pull?.epoch !== message.epoch || pull.version !== message.version) return;
    const { offset, bytes } = message;
    const index = offset / this.#rangeBytes;
    const length = Math.min(this.#rangeBytes, pull.bytes.length - offset);
    if (pull.got[index] !== 0 || bytes.length !== length) return;
    pull.bytes.set(bytes, offset);
    pull.got[index] = 1;
    pull.missing -= 1;
    pull.tries = 0;
    pull.retryAt = after(now, this.#retryMs);
    if (pull.missing === 0) {
      this.#finish(now, pull, out);
      this.begin(now, out);
    } else if (pull.next < pull.got.length) {
      this.#ask(pull, pull.slot, pull.next++, out);
    }
  }

  tick(now: MonotonicMs, out: SwimEffects): void {
    for (const pull of this.#pulls.values()) {
      if (now < pull.retryAt) continue;
      pull.tries += 1;
      if (pull.tries > triesMax || !this.#isWanted(pull)) {
        // Forgotten for now: the next change of the member asks again.
        this.#pulls.delete(pull.slot);
        this.begin(now, out);
      } else {
        this.#askAgain(now, pull, out);
      }
    }
  }

  /** A member is gone; what was held of it goes too. */
  forget(slot: number): void {
    this.#held.delete(slot);
    this.#pulls.delete(slot);
  }

  get #retryMs(): number {
    return this.#parts.options.pingTimeoutMs;
  }

  #isWanted(pull: Pull): boolean {
    const { table } = this.#parts;
    if (!table.isLive(pull.slot)) return false;
    const life = table.lifeOf(pull.slot);
    return life.epoch === pull.epoch && life.metadataVersion === pull.version;
  }

  /** Asks for the first ranges that are missing; each that comes then asks for one more. */
  #askAgain(now: MonotonicMs, pull: Pull, out: SwimEffects): void {
    const { table, random, self } = this.#parts;
    pull.retryAt = after(now, this.#retryMs * (pull.tries + 1));
    let from = pull.slot;
    if (pull.tries % 2 === 1) {
      const isOther = (slot: number): boolean => table.isAlive(slot) && table.nameOf(slot) !== self.life.name;
      pickSlots(random, { capacity: table.capacity, count: 1 }, isOther, this.#picked);
      from = this.#picked[0] ?? from;
    }
    let left = windowRanges;
    for (let index = 0; index < pull.got.length && left > 0; index += 1) {
      if (pull.got[index] !== 0) continue;
      this.#ask(pull, from, index, out);
      pull.next = Math.max(pull.next, index + 1);
      left -= 1;
    }
  }

  #ask(pull: Pull, from: number, index: number, out: SwimEffects): void {
    const { table, counts } = this.#parts;
    counts['metadata-asked'] += 1;
    const { epoch, version } = pull;
    const offset = index * this.#rangeBytes;
    const wanted = { kind: 'metadata-wanted', name: table.nameOf(pull.slot), epoch, version, offset } as const;
    this.#outbox.question({ address: table.lifeOf(from).address, slot: -1, share: 0.3 }, [wanted], out);
  }

  /** What fits a datagram beside its head, names included, and encryption. Every node of a cluster has to have the same. */
  get #rangeBytes(): number {
    return this.#parts.options.datagramMaxBytes >= 1300 ? 1024 : 256;
  }

  #finish(now: MonotonicMs, pull: Pull, out: SwimEffects): void {
    const { table, counts } = this.#parts;
    if (this.#isWanted(pull) && hashBytes(pull.bytes) !== table.lifeOf(pull.slot).metadataHash) {
      counts['metadata-broken'] += 1;
      pull.broken += 1;
      if (pull.broken < brokenMax && pull.got.length > 0) {
        pull.got.fill(0);
        pull.missing = pull.got.length;
        this.#askAgain(now, pull, out);
        return;
      }
    } else if (this.#isWanted(pull)) {
      counts['metadata-pulled'] += 1;
      this.#held.set(pull.slot, { epoch: pull.epoch, version: pull.version, bytes: pull.bytes });
      this.#facts.emit('updated', pull.slot, out);
    }
    this.#pulls.delete(pull.slot);
  }
}

/** Pulls at one time: what is being assembled is at most this many times the largest metadata. */
const pullsMax = 8;
/** Ranges asked for at once. */
const windowRanges = 8;
const triesMax = 6;
/** Heads of the datagram and of the part, names included. */
const rangeHeadBytes = 172;
/** Content that does not match its hash so often is given up until the member changes it. */
const brokenMax = 3;
