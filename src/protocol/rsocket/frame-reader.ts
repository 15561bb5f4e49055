import { emptyBytes } from '../../core/bytes.js';
import { readU24 } from './frame.js';

/**
 * Cuts a byte stream into frames. Whole frames are told where they lie in the chunk; only the cut end of a chunk is copied, a
 * short one into a scratch that is reused, a very long one once into a buffer of exactly its size. The announced length is checked
 * before anything is allocated.
 */
export class FrameReader {
  /** Longest frame that is accepted; the owner raises it when it trusts the peer more. */
  frameMaxBytes: number;
  #scratch: Uint8Array = emptyBytes;
  #partial: Uint8Array = emptyBytes;
  /** Bytes of the cut frame that are there, length field included. */
  #have = 0;
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #state: 'reading' | 'held' | 'stopped' = 'reading';

  constructor(frameMaxBytes: number) {
    this.frameMaxBytes = frameMaxBytes;
  }

  /** Reads a chunk. The bytes given to `out` are lent for the call. */
  read(chunk: Uint8Array, out: FrameTarget): void {
    if (this.#state === 'reading') this.#keep(chunk, this.#readWhole(chunk, this.#finishPartial(chunk, out), out), out);
    else if (this.#state === 'held') this.#hold(chunk, out);
  }

  /** Tells no more frames until `release`; bytes that come meanwhile are copied, up to `frameMaxBytes`. */
  hold(): void {
    if (this.#state === 'reading') this.#state = 'held';
  }

  /** Goes on with what was held. */
  release(out: FrameTarget): void {
    if (this.#state !== 'held') return;
    this.#state = 'reading';
    const held = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    for (const chunk of held) this.read(chunk, out);
  }

  /** Reads nothing any more. */
  stop(): void {
    this.#state = 'stopped';
    this.#held = [];
    this.#partial = emptyBytes;
    this.#scratch = emptyBytes;
  }

  /** Reads frames that lie whole in the chunk; returns the offset behind the last one. */
  #readWhole(chunk: Uint8Array, start: number, out: FrameTarget): number {
    const end = chunk.length;
    let at = start;
    while (end - at >= 3 && this.#state === 'reading') {
      const length = readU24(chunk, at);
      const next = at + 3 + length;
      if (next > end) break;
      if (length > this.frameMaxBytes) {
        this.#refuse(length, out);
        break;
      }
      at = next;
      out.onFrame(chunk, next - length, next);
    }
    return at;
  }

  /** Completes the frame that the last chunk cut; returns the offset behind it. */
  #finishPartial(chunk: Uint8Array, out: FrameTarget): number {
    if (this.#have === 0) return 0;
    let at = 0;
    while (this.#have < 3 && at < chunk.length) this.#partial[this.#have++] = chunk[at++] ?? 0;
    if (this.#have < 3) return at;
    const length = readU24(this.#partial, 0);
    if (!this.#fits(length, out)) return at;
    const part = Math.min(length + 3 - this.#have, chunk.length - at);
    this.#partial.set(at === 0 && part === chunk.length ? chunk : chunk.subarray(at, at + part), this.#have);
    this.#have += part;
    if (this.#have === length + 3) {
      const whole = this.#partial;
      this.#partial = emptyBytes;
      this.#have = 0;
      out.onFrame(whole, 3, length + 3);
    }
    return at + part;
  }

  /** Keeps the cut frame at the end of the chunk. */
  #keep(chunk: Uint8Array, at: number, out: FrameTarget): void {
    if (at >= chunk.length) return;
    const rest = chunk.subarray(at);
    if (this.#state === 'held') {
      this.#hold(rest, out);
      return;
    }
    if (this.#state === 'stopped') return;
    this.#usePartial(scratchBytes);
    if (rest.length >= 3 && !this.#fits(readU24(rest, 0), out)) return;
    this.#partial.set(rest, 0);
    this.#have = rest.length;
  }

  /** Makes `#partial` long enough for a frame of `length`, or refuses it. */
  #fits(length: number, out: FrameTarget): boolean {
    if (length > this.frameMaxBytes) {
      this.#refuse(length, out);
      return false;
    }
    if (this.#partial.length >= length + 3) return true;
    const needed = length + 3;
    const longer = new Uint8Array(needed > scratchMaxBytes ? needed : Math.min(scratchMaxBytes, needed * 2));
    longer.set(this.#partial.subarray(0, this.#have));
    this.#partial = longer;
    if (needed <= scratchMaxBytes) this.#scratch = longer;
    return true;
  }

  #usePartial(byteCount: number): void {
    if (this.#scratch.length === 0) this.#scratch = new Uint8Array(byteCount);
    this.#partial = this.#scratch;
  }

  #hold(chunk: Uint8Array, out: FrameTarget): void {
    this.#heldBytes += chunk.length;
    if (this.#heldBytes > this.frameMaxBytes) {
      this.#refuse(this.#heldBytes, out);
      return;
    }
    this.#held.push(chunk.slice());
  }

  #refuse(length: number, out: FrameTarget): void {
    this.stop();
    out.onOversize(length);
  }
}

/** What the reader tells. Neither may throw. */
export interface FrameTarget {
  /** One frame without its length field, lent for the call. */
  onFrame(bytes: Uint8Array, start: number, end: number): void;
  /** A frame is announced, or bytes are held, beyond the limit; the reader stopped. */
  onOversize(length: number): void;
}

/** Where the one buffer begins that all cut frames of a connection use, and how long it grows; it holds a fragment of 64 KiB. */
const scratchBytes = 4096;
const scratchMaxBytes = 67_584;
