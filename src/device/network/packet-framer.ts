import { emptyBytes } from '../../core/bytes.js';

/** What the taker of a packet wants next: another one, none before `proceed`, or none ever. */
export type FrameAnswer = 'more' | 'wait' | 'stop';

/** How far the framer came. `malformed` and `too-large` end the connection; the framer is of no use after them. */
export type FrameOutcome = 'more' | 'waiting' | 'stopped' | 'malformed' | 'too-large';

/**
 * Cuts a stream of bytes into whole MQTT packets (MQTT 3.1.1 and 5, section 2.1: one byte of type and flags, the length in one to
 * four bytes, the rest). The length is judged from the header, before anything is held. Memory for a packet grows as its bytes
 * come, so a large length alone costs nothing. While it waits it holds what was given, which the paused connection bounds.
 */
export class PacketFramer {
  /** Largest remaining length that is taken. */
  bytesMax: number;
  #held: Uint8Array = emptyBytes;
  #start = 0;
  #end = 0;
  #waits = false;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  /** Bytes that are held for a packet to come. */
  get heldBytes(): number {
    return this.#end - this.#start;
  }

  /** Takes bytes that are lent for the call, and gives each whole packet, lent for its call. */
  push(bytes: Uint8Array, take: (packet: Uint8Array) => FrameAnswer): FrameOutcome {
    if (this.#waits) {
      this.#hold(bytes, 0);
      return 'waiting';
    }
    if (this.#start < this.#end) {
      this.#hold(bytes, 0);
      return this.#cutHeld(take);
    }
    const at = this.#cut(bytes, 0, bytes.length, take);
    if (typeof at === 'string') return at;
    if (at < bytes.length) this.#hold(bytes, at);
    return this.#state();
  }

  /** Goes on after a `wait`. */
  proceed(take: (packet: Uint8Array) => FrameAnswer): FrameOutcome {
    this.#waits = false;
    return this.#cutHeld(take);
  }

  #cutHeld(take: (packet: Uint8Array) => FrameAnswer): FrameOutcome {
    const at = this.#cut(this.#held, this.#start, this.#end, take);
    if (typeof at === 'string') return at;
    this.#start = at;
    if (this.#start === this.#end) {
      this.#held = emptyBytes;
      this.#start = 0;
      this.#end = 0;
    }
    return this.#state();
  }

  #state(): FrameOutcome {
    return this.#waits ? 'waiting' : 'more';
  }

  /** Returns where it came to a halt, or why it cannot go on. */
  #cut(
    bytes: Uint8Array,
    start: number,
    end: number,
    take: (packet: Uint8Array) => FrameAnswer,
  ): number | 'stopped' | 'malformed' | 'too-large' {
    let at = start;
    while (at < end) {
      const size = packetSize(bytes, at, end, this.bytesMax);
      if (typeof size === 'string') return size;
      if (size === 0 || size > end - at) return at;
      const answer = take(bytes.subarray(at, at + size));
      at += size;
      if (answer === 'stop') return 'stopped';
      if (answer === 'wait') {
        this.#waits = true;
        return at;
      }
    }
    return at;
  }

  #hold(bytes: Uint8Array, from: number): void {
    const more = bytes.length - from;
    const size = this.#end - this.#start;
    if (this.#end + more > this.#held.length) {
      const grown = new Uint8Array(Math.max(size + more, Math.min(size * 2, this.bytesMax + headerBytesMax)));
      grown.set(this.#held.subarray(this.#start, this.#end));
      this.#held = grown;
      this.#start = 0;
      this.#end = size;
    }
    this.#held.set(from === 0 ? bytes : bytes.subarray(from), this.#end);
    this.#end += more;
  }
}

const headerBytesMax = 5;

/** Bytes of the packet that begins at `at`, header included; 0 when its header is not there yet. */
function packetSize(bytes: Uint8Array, at: number, end: number, bytesMax: number): number | 'malformed' | 'too-large' {
  let length = 0;
  let scale = 1;
  for (let index = 1; index < headerBytesMax; index += 1) {
    if (at + index >= end) return 0;
    const byte = bytes[at + index] ?? 0;
    length += (byte & 0x7f) * scale;
    if (length > bytesMax) return 'too-large';
    if (byte < 0x80) return 1 + index + length;
    scale *= 0x80;
  }
  return 'malformed';
}
