import type { Packet } from 'mqtt-packet';
import { after, type CancelTimer, type Clock, type MonotonicMs } from '../../core/clock.js';
import type { Connection } from '../../spi/connections.js';
import { type MqttVersion, packetToBytes, PacketReader } from './mqtt-packets.js';
import { type FrameAnswer, PacketFramer } from './packet-framer.js';

/** What a channel tells its owner. */
export interface ChannelOwner {
  /** Judges the first byte of the connection, before anything is held of it; false closes as garbage does. */
  isGreeting?(byte: number): boolean;
  /** A whole packet's bytes, before they are parsed; `stop` when the owner has closed the channel. */
  onRaw?(bytes: Uint8Array): 'more' | 'stop';
  /** A packet; its payload is lent for the call. */
  onPacket(packet: Packet): FrameAnswer;
  /** Bytes that are no packet, or one that is larger than allowed. The owner closes the channel. */
  onGarbage(what: 'malformed' | 'too-large'): void;
  /** Nothing came for the time set by `watch`. The owner closes the channel. */
  onSilence(): void;
  /** Once, when the connection has ended, whoever ended it. */
  onClosed(): void;
}

/** What a channel needs. */
export interface ChannelDeps {
  readonly connection: Connection;
  readonly clock: Clock;
  /** Above so many waiting bytes nothing is read until all have left. */
  readonly bufferedBytesMax: number;
  /** Told once when the connection has ended, after the owner is. */
  readonly onGone: (channel: MqttChannel) => void;
}

/**
 * One connection seen as MQTT packets in both directions: framing, parsing, gathered writes, silence. It knows no meaning of a
 * packet. Packets of one turn leave in one write.
 */
export class MqttChannel {
  readonly #deps: ChannelDeps;
  readonly #framer: PacketFramer;
  readonly #reader = new PacketReader();
  readonly #take = (packet: Uint8Array): FrameAnswer => this.#onFrame(packet);
  readonly #flush = (): void => this.#write();
  #owner: ChannelOwner | undefined;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #flushDue = false;
  #greeted = false;
  #ownerWaits = false;
  #full = false;
  #paused = false;
  #closed = false;
  #ending = false;
  #silenceMs = 0;
  #heardAt: MonotonicMs;
  #cancelWatch: CancelTimer | undefined;
  /** Counts watches, so that a judgement that is already on its way knows that another watch began. */
  #watch = 0;
  /** Set by the owner when it knows: how packets are written. */
  version: MqttVersion = 4;

  constructor(deps: ChannelDeps, packetBytesMax: number) {
    this.#deps = deps;
    this.#framer = new PacketFramer(packetBytesMax);
    this.#heardAt = deps.clock.now();
  }

  /** True once nothing can be sent any more. */
  get closed(): boolean {
    return this.#closed || this.#ending;
  }

  /** Bytes that wait for the operating system. */
  get bufferedBytes(): number {
    return this.#waitingBytes + this.#deps.connection.bufferedBytes;
  }

  /** Begins to read. */
  open(owner: ChannelOwner): void {
    this.#owner = owner;
    this.#deps.connection.listen({
      onBytes: (bytes) => this.#onBytes(bytes),
      onDrain: () => this.#onDrain(),
      onClosed: () => this.#onClosed(),
    });
  }

  /** Gives the channel to another owner, with another bound on packets. */
  handOver(owner: ChannelOwner, packetBytesMax: number): void {
    this.#owner = owner;
    this.#framer.bytesMax = packetBytesMax;
  }

  /** Tells `onSilence` when no byte came for so long; 0 ends the watch. */
  watch(silenceMs: number): void {
    this.#silenceMs = silenceMs;
    this.#watch += 1;
    this.#cancelWatch?.();
    this.#cancelWatch = undefined;
    this.#heardAt = this.#deps.clock.now();
    if (silenceMs > 0 && !this.#closed) this.#arm();
  }

  /** Goes on after `onPacket` answered `wait`. */
  proceed(): void {
    if (this.closed || !this.#ownerWaits) return;
    this.#ownerWaits = false;
    this.#settle(this.#framer.proceed(this.#take));
  }

  /** Sends a packet with the others of this turn. After the end it does nothing. */
  send(packet: Packet): void {
    if (!this.closed) this.sendBytes(packetToBytes(packet, this.version));
  }

  /** Sends bytes that nobody changes any more. */
  sendBytes(bytes: Uint8Array): void {
    if (this.closed) return;
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (this.#flushDue) return;
    this.#flushDue = true;
    this.#deps.clock.afterTurn(this.#flush);
  }

  /** Sends what waits, then ends the connection. */
  end(): void {
    if (this.closed) return;
    this.#write();
    this.#ending = true;
    this.#deps.connection.end();
  }

  /** Ends the connection at once. */
  destroy(): void {
    this.#ending = true;
    if (!this.#closed) this.#deps.connection.destroy();
  }

  #onBytes(bytes: Uint8Array): void {
    if (this.closed) return;
    this.#heardAt = this.#deps.clock.now();
    if (!this.#greeted && bytes.length > 0) {
      this.#greeted = true;
      if (this.#owner?.isGreeting?.(bytes[0] ?? 0) === false) {
        this.#owner.onGarbage('malformed');
        return;
      }
    }
    this.#settle(this.#framer.push(bytes, this.#take));
  }

  #onFrame(bytes: Uint8Array): FrameAnswer {
    if (this.#owner?.onRaw?.(bytes) === 'stop') return 'stop';
    const packet = this.#reader.read(bytes);
    if (packet === undefined) {
      this.#owner?.onGarbage('malformed');
      return 'stop';
    }
    const answer = this.#owner?.onPacket(packet) ?? 'stop';
    return this.closed ? 'stop' : answer;
  }

  #settle(outcome: ReturnType<PacketFramer['push']>): void {
    if (outcome === 'malformed' || outcome === 'too-large') this.#owner?.onGarbage(outcome);
    if (this.closed) return;
    this.#ownerWaits = outcome === 'waiting';
    this.#full = this.bufferedBytes > this.#deps.bufferedBytesMax;
    this.#pauseIfDue();
  }

  #pauseIfDue(): void {
    const due = this.#ownerWaits || this.#full;
    if (due === this.#paused) return;
    this.#paused = due;
    if (due) this.#deps.connection.pause();
    else this.#deps.connection.resume();
  }

  #onDrain(): void {
    if (!this.#full || this.closed) return;
    this.#full = false;
    this.#heardAt = this.#deps.clock.now();
    this.#pauseIfDue();
  }

  #write(): void {
    this.#flushDue = false;
    const pieces = this.#waiting;
    const [first] = pieces;
    if (first === undefined || this.closed) return;
    const length = this.#waitingBytes;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#deps.connection.write(pieces.length === 1 ? first : join(pieces, length));
  }

  #onClosed(): void {
    this.#closed = true;
    this.#waiting = [];
    this.#cancelWatch?.();
    this.#owner?.onClosed();
    this.#deps.onGone(this);
  }

  #arm(): void {
    const { clock } = this.#deps;
    const watch = this.#watch;
    // Judged after the turn: after a long tick the timer runs before bytes that have already arrived.
    this.#cancelWatch = clock.setTimer(after(this.#heardAt, this.#silenceMs), () =>
      clock.afterTurn(() => this.#judgeSilence(watch)),
    );
  }

  #judgeSilence(watch: number): void {
    if (this.closed || watch !== this.#watch) return;
    // While the owner makes it wait, its silence says nothing. One that does not take what it was sent is as good as silent.
    if (this.#ownerWaits) this.#heardAt = this.#deps.clock.now();
    if (this.#deps.clock.now() - this.#heardAt >= this.#silenceMs) this.#owner?.onSilence();
    else this.#arm();
  }
}

function join(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const joined = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}
