/**
 * How far long payloads may run ahead of what the peer has read. The operating systems of both sides hold megabytes on their way,
 * and a short call that is written behind them waits for all of them, whatever the order of our own fragments. So a KEEPALIVE that
 * the peer must answer goes out every so many bytes (KEEPALIVE Frame: the answer carries the same data), and only a window of
 * bytes is written beyond the last answer.
 *
 * The window is twice what the path delivers in its shortest round trip, so that a distant peer gets its whole rate, within bounds.
 * The least one is short while short frames share the connection, and longer while there are none: a short one costs both sides
 * more wake-ups, a tenth of a large payload's processor time.
 */
import type { MonotonicMs } from '../../core/clock.js';

/** The pace of one connection. Its owner asks `isOpen`, tells `wrote` and `share`, and hands over the answers. */
export class Pace {
  /** The peer is known to answer. */
  isOn = false;
  readonly #sharedWindowBytes: number;
  readonly #ends = new Float64Array(probesMax);
  readonly #sentAt = new Float64Array(probesMax);
  readonly #answeredThen = new Float64Array(probesMax);
  #deliveredBytes = 0;
  #written = 0;
  /** Short frames were there until so much of long payloads is written. */
  #sharedUntil = 0;
  #answered = 0;
  #probedBytes = 0;
  #lastSent = 0;
  #lastAnswered = 0;
  #roundTripMs = Infinity;

  /** `sharedWindowBytes`: the least window beside short frames. */
  constructor(sharedWindowBytes: number) {
    this.#sharedWindowBytes = sharedWindowBytes;
  }

  /** Bytes of long payloads that may be on their way. */
  get windowBytes(): number {
    return Math.min(windowMaxBytes, Math.max(this.#leastBytes, this.#deliveredBytes));
  }

  /**
   * More of long payloads may be written now; else an answer will come that allows it. Bytes behind the last probe do not count, or
   * a window that became shorter could be full of bytes that no answer is due for.
   */
  get isOpen(): boolean {
    return !this.isOn || this.#probedBytes - this.#answered < this.windowBytes;
  }

  get #leastBytes(): number {
    return this.#written < this.#sharedUntil ? this.#sharedWindowBytes : this.#sharedWindowBytes * aloneTimes;
  }

  /** A short frame was written. */
  share(): void {
    this.#sharedUntil = this.#written + sharedBytes;
  }

  /** So many bytes of long payloads were written. Returns the number that a probe must carry now, or 0 for no probe. */
  wrote(now: MonotonicMs, byteCount: number): number {
    if (!this.isOn) return 0;
    this.#written += byteCount;
    if (this.#written - this.#probedBytes < this.#leastBytes / probesPerWindow) return 0;
    this.#probedBytes = this.#written;
    this.#lastSent += 1;
    const slot = this.#lastSent % probesMax;
    this.#ends[slot] = this.#written;
    this.#sentAt[slot] = now;
    this.#answeredThen[slot] = this.#answered;
    return this.#lastSent;
  }

  /** The peer answered a probe. One that was never sent, or was answered, changes nothing. */
  onAnswer(now: MonotonicMs, probe: number): void {
    if (probe <= this.#lastAnswered || probe > this.#lastSent || probe + probesMax <= this.#lastSent) return;
    const slot = probe % probesMax;
    this.#lastAnswered = probe;
    this.#answered = this.#ends[slot] ?? 0;
    const tookMs = now - (this.#sentAt[slot] ?? 0);
    if (tookMs <= 0) return;
    this.#roundTripMs = Math.min(this.#roundTripMs, tookMs);
    const bytesPerMs = (this.#answered - (this.#answeredThen[slot] ?? 0)) / tookMs;
    this.#deliveredBytes = 2 * bytesPerMs * this.#roundTripMs;
  }
}

/** The least window without short frames, by the one beside them. */
const aloneTimes = 16;
/** So many bytes of long payloads after the last short frame the connection counts as shared. */
const sharedBytes = 4_194_304;
const windowMaxBytes = 16_777_216;
/** Of the least window: an answer comes well before it is used up. */
const probesPerWindow = 4;
/** Probes on their way: as many as the largest window takes, and as many again. */
const probesMax = 512;
