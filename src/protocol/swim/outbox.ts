import type { SwimEffects } from './effects.js';
import type { SwimMessage } from './messages.js';
import { PacketWriter } from './packet.js';
import type { SwimParts } from './parts.js';

/**
 * Builds and sends datagrams. Whoever is suspected, or held for gone, hears of it with anything that we send him (Lifeguard's buddy
 * system), and what room is left carries news.
 */
export class Outbox {
  readonly #parts: SwimParts;
  readonly #writer: PacketWriter;
  /** What is spoken to those whose versions are not known: the lowest is what most can read, until somebody says that he cannot. */
  #strangerVersion: number;

  constructor(parts: SwimParts) {
    this.#parts = parts;
    const overheadBytes = parts.armour?.overheadBytes ?? 0;
    this.#strangerVersion = parts.self.life.wireMin;
    this.#writer = new PacketWriter(parts.options.label, parts.options.datagramMaxBytes - overheadBytes);
  }

  /** Sends messages to a known member, with a notice if it needs one, and news. */
  toMember(slot: number, messages: readonly SwimMessage[], out: SwimEffects): void {
    const { table } = this.#parts;
    this.#begin(slot);
    for (const message of messages) this.#writer.add(message);
    this.#addNotice(slot);
    this.#packNews();
    this.#send(table.lifeOf(slot).address, out);
  }

  /** Answers where a question came from; `slot` is who asked, or -1 for a stranger, who gets no news. */
  toAddress(address: string, slot: number, messages: readonly SwimMessage[], out: SwimEffects): void {
    this.#begin(slot);
    for (const message of messages) this.#writer.add(message);
    if (slot >= 0) {
      this.#addNotice(slot);
      const { table, armour } = this.#parts;
      // In clear anybody can ask in a member's name and have the answer, with all the news, sent to somebody else.
      const isSafe = armour !== undefined || address === table.lifeOf(slot).address;
      if (isSafe) this.#packNews();
    }
    this.#send(address, out);
  }

  /** Sends news only; false when there was none, or none that fits. */
  news(slot: number, out: SwimEffects): boolean {
    this.#begin(slot);
    const before = this.#writer.room;
    this.#addNotice(slot);
    this.#packNews();
    if (this.#writer.room === before) return false;
    this.#send(this.#parts.table.lifeOf(slot).address, out);
    return true;
  }

  /** Asks something, in a datagram so long that nobody can use the question to multiply traffic. */
  padded(address: string, messages: readonly SwimMessage[], out: SwimEffects): void {
    this.#begin(-1);
    for (const message of messages) this.#writer.add(message);
    this.#pad(this.#writer.room);
    this.#send(address, out);
  }

  /** Asks a member for more than fits one datagram: in clear the answer's length is bounded by the question's. */
  question(to: QuestionTarget, messages: readonly SwimMessage[], out: SwimEffects): void {
    this.#begin(to.slot);
    for (const message of messages) this.#writer.add(message);
    const { armour, options } = this.#parts;
    const isShort = armour === undefined && to.share > 0;
    if (isShort) this.#pad(Math.floor(options.datagramMaxBytes * to.share) - this.#writer.length);
    this.#send(to.address, out);
  }

  /** Asks over a stream what a datagram asked in vain. */
  overStream(slot: number, messages: readonly SwimMessage[], out: SwimEffects): void {
    this.#begin(slot);
    for (const message of messages) this.#writer.add(message);
    const { address, name } = this.#parts.table.lifeOf(slot);
    const bytes = this.#writer.finish();
    out.exchange(address, name, this.#parts.armour?.seal(bytes) ?? bytes);
  }

  /** Sends messages that may need several datagrams, up to `packetsMax`; returns how many messages went, and datagrams. */
  stream(
    to: { readonly address: string; readonly slot: number; readonly packetsMax: number },
    messages: Iterable<SwimMessage>,
    out: SwimEffects,
  ): { readonly sent: number; readonly packets: number } {
    let sent = 0;
    let packets = 0;
    this.#begin(to.slot);
    for (const message of messages) {
      if (!this.#writer.add(message)) {
        packets += 1;
        this.#send(to.address, out);
        if (packets >= to.packetsMax) return { sent, packets };
        this.#begin(to.slot);
        this.#writer.add(message);
      }
      sent += 1;
    }
    this.#send(to.address, out);
    return { sent, packets: packets + 1 };
  }

  /** Tells a node whose version we cannot read which ones we can. */
  versionNotice(address: string, out: SwimEffects): void {
    const { wireMin, wireMax } = this.#parts.self.life;
    this.#emit(address, this.#writer.versionNotice(wireMin, wireMax), out);
  }

  /** Strangers are spoken to in this version from now on: somebody spoke it, or says that he reads no lower one. */
  speakTo(strangerVersion: number): void {
    this.#strangerVersion = strangerVersion;
  }

  #begin(slot: number): void {
    const { self, table } = this.#parts;
    const { wireMin, wireMax, name, epoch } = self.life;
    const known = slot < 0 ? this.#strangerVersion : table.lifeOf(slot).wireMax;
    const version = Math.max(wireMin, Math.min(wireMax, known));
    this.#writer.begin(version, name, epoch);
  }

  #packNews(): void {
    const { gossip, spreads, table } = this.#parts;
    gossip.pack(this.#writer, table.liveCount);
    spreads.pack(this.#writer, table.liveCount);
  }

  #addNotice(slot: number): void {
    const { options, table, suspicions, self } = this.#parts;
    // What nobody is told its subject is not told either.
    if (!options.buddy || table.isAlive(slot) || suspicions.find(slot)?.isPrivate === true) return;
    const { name, epoch } = table.lifeOf(slot);
    const incarnation = table.incarnationOf(slot);
    const from = suspicions.find(slot)?.accusers[0] ?? self.life.name;
    const status = table.findStatus(slot);
    if (status === 'suspect') this.#writer.add({ kind: 'suspect', name, epoch, incarnation, from, refused: false });
    else if (status === 'failed') this.#writer.add({ kind: 'failed', name, epoch, incarnation, from });
  }

  #send(address: string, out: SwimEffects): void {
    this.#emit(address, this.#writer.finish(), out);
  }

  #pad(bytes: number): void {
    const headBytes = 3;
    if (bytes > headBytes) this.#writer.add({ kind: 'pad', bytes: Math.min(bytes, this.#writer.room) - headBytes });
  }

  #emit(address: string, plain: Uint8Array, out: SwimEffects): void {
    const bytes = this.#parts.armour?.seal(plain) ?? plain;
    this.#parts.counts['datagrams-sent'] += 1;
    this.#parts.counts['bytes-sent'] += bytes.length;
    out.send(address, bytes);
  }
}

/** Whom a question goes to, and the share of a whole datagram that it has to have. */
export interface QuestionTarget {
  readonly address: string;
  readonly slot: number;
  readonly share: number;
}
