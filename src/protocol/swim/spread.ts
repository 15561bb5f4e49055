import type { MonotonicMs } from '../../core/clock.js';
import { ClusterError } from '../../core/errors.js';
import type { NodeId } from '../../core/ids.js';
import { spreadBytesMax, spreadTopicBytesMax } from '../../core/limits.js';
import { textToBytes } from '../../core/text.js';
import type { GossipMessage } from '../../spi/membership.js';
import type { SwimEffects } from './effects.js';
import { partToBytes } from './message-codec.js';
import type { DirectMessage, SpreadMessage } from './messages.js';
import type { Outbox } from './outbox.js';
import type { SwimParts } from './parts.js';
import { ReplayWindow } from './replay-window.js';

/**
 * What users gossip. A spread message is passed on like news about members, in the room that such news leaves; each origin numbers its
 * own, and a window over the numbers lets each through once. An origin that was silent for a while is forgotten, for nobody passes its
 * messages on any more; when too many are remembered, messages of new ones are dropped.
 */
export class Spread {
  readonly #parts: SwimParts;
  readonly #outbox: Outbox;
  readonly #heard: (message: GossipMessage) => void;
  readonly #origins = new Map<string, { readonly window: ReplayWindow; heardAt: MonotonicMs }>();
  #number = 0;
  #subject = 0;

  constructor(parts: SwimParts, outbox: Outbox, heard: (message: GossipMessage) => void) {
    this.#parts = parts;
    this.#outbox = outbox;
    this.#heard = heard;
  }

  /** Tells everybody; throws `too-large`, or `overloaded` when too much waits already. */
  spread(topic: string, bytes: Uint8Array): void {
    checkSize(topic, bytes);
    const { spreads, self } = this.#parts;
    if (spreads.size >= spreadsMax) throw new ClusterError('overloaded', `${spreads.size} messages wait to be spread`);
    const { name, epoch } = self.life;
    this.#number += 1;
    this.#tell({ kind: 'spread', name, epoch, number: this.#number, topic, bytes });
  }

  /** Tells one member, in one datagram that may be lost; false when nobody of that name and epoch is known. */
  send(to: NodeId, message: { readonly topic: string; readonly bytes: Uint8Array }, out: SwimEffects): boolean {
    const { topic, bytes } = message;
    checkSize(topic, bytes);
    const { table } = this.#parts;
    const slot = table.findSlot(to.name);
    if (slot < 0 || !table.isLive(slot) || table.lifeOf(slot).epoch !== to.epoch) return false;
    this.#outbox.toMember(slot, [{ kind: 'direct', topic, bytes }], out);
    return true;
  }

  /** A message that is passed on. */
  receive(now: MonotonicMs, message: SpreadMessage): void {
    const { counts, self, spreads } = this.#parts;
    const { name, epoch, number, topic, bytes } = message;
    if (name === self.life.name) return;
    const origin = this.#originOf(now, `${name} ${epoch}`);
    if (origin === undefined) {
      counts['drop-spread-full'] += 1;
      return;
    }
    if (!origin.window.isFresh(number)) return;
    origin.heardAt = now;
    origin.window.take(number);
    if (spreads.size < spreadsMax * 4) this.#tell(message);
    else counts['drop-spread-full'] += 1;
    this.#heard({ from: { name, epoch }, topic, bytes: bytes.slice(), direct: false });
  }

  /** A message for this node alone; strangers' are dropped. */
  receiveDirect(from: { readonly slot: number; readonly head: NodeId }, message: DirectMessage): void {
    if (from.slot < 0) {
      this.#parts.counts['drop-stranger'] += 1;
      return;
    }
    const { name, epoch } = from.head;
    this.#heard({ from: { name, epoch }, topic: message.topic, bytes: message.bytes.slice(), direct: true });
  }

  #tell(message: SpreadMessage): void {
    this.#subject += 1;
    this.#parts.spreads.tell(this.#subject, partToBytes(message));
  }

  #originOf(now: MonotonicMs, key: string): { readonly window: ReplayWindow; heardAt: MonotonicMs } | undefined {
    const known = this.#origins.get(key);
    if (known !== undefined) return known;
    if (this.#origins.size >= originsMax) {
      for (const [other, { heardAt }] of this.#origins) if (now - heardAt > originMs) this.#origins.delete(other);
      if (this.#origins.size >= originsMax) return undefined;
    }
    const origin = { window: new ReplayWindow(), heardAt: now };
    this.#origins.set(key, origin);
    return origin;
  }
}

/** Own messages that may wait: a burst, not a stream; the bus is for streams. */
const spreadsMax = 64;
/** Origins remembered at a time, 150 bytes each. */
const originsMax = 4096;
/** A message is passed on for seconds; after a minute no copy is on its way. */
const originMs = 60_000;

function checkSize(topic: string, bytes: Uint8Array): void {
  const topicBytes = textToBytes(topic).length;
  if (topic === '' || topicBytes > spreadTopicBytesMax) {
    throw new ClusterError('too-large', `a topic of ${topicBytes} bytes; give 1 to ${spreadTopicBytesMax}`);
  }
  if (bytes.length > spreadBytesMax) {
    throw new ClusterError('too-large', `${bytes.length} bytes; at most ${spreadBytesMax} can be gossiped`);
  }
}
