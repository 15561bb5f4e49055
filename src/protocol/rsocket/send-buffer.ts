/**
 * Bytes on their way out. Frames are encoded straight into a slab, which is handed to the connection at the end of a turn of the
 * event loop, and in the middle of one when there is enough for the peer to begin on. Long payloads are handed over by reference
 * between two pieces of slab.
 *
 * A connection owns what it was given until its `bufferedBytes` is 0 again, so a slab is reused at once when the operating
 * system took everything, and otherwise waits in `#lent` for the drain.
 */
export class SendBuffer {
  readonly #target: ByteTarget;
  readonly #pool: SlabPool;
  #lent: Uint8Array[] = [];
  #handedBytes = 0;
  #start = 0;
  #at = 0;
  /** The slab that `reserve` gives offsets in; read it after `reserve`, never before. */
  slab: Uint8Array;

  constructor(target: ByteTarget, pool: SlabPool) {
    this.#target = target;
    this.#pool = pool;
    this.slab = pool.take();
  }

  /** Everything encoded so far, handed over or not. */
  get encodedBytes(): number {
    return this.#handedBytes + this.#at - this.#start;
  }

  /** Everything that the connection was given so far. */
  get handedBytes(): number {
    return this.#handedBytes;
  }

  /** Encoded or handed over, and not yet taken by the operating system. */
  get waitingBytes(): number {
    return this.#target.bufferedBytes + this.#at - this.#start;
  }

  get isEmpty(): boolean {
    return this.#at === this.#start;
  }

  /**
   * Returns an offset in `slab` with room for `byteCount`, which MUST be above 0; the caller MUST fill all of it. What fits no slab
   * gets one of its own: lengths are bounded before, and a bound that was forgotten must cost memory, not the process.
   */
  reserve(byteCount: number): number {
    if (this.#at - this.#start >= flushBytes && this.#isFlushedBefore(byteCount)) this.flush();
    if (this.#at + byteCount > this.slab.length) this.#makeRoom(byteCount);
    const at = this.#at;
    if (at === this.#start) this.#pool.buffersWaiting += 1;
    this.#at = at + byteCount;
    return at;
  }

  /** Hands over what is encoded, then `bytes` by reference. */
  pass(bytes: Uint8Array): void {
    this.flush();
    this.#handedBytes += bytes.length;
    this.#target.write(bytes);
  }

  /** Hands over what is encoded. */
  flush(): void {
    if (this.#at === this.#start) return;
    const bytes = this.slab.subarray(this.#start, this.#at);
    this.#handedBytes += bytes.length;
    this.#start = this.#at;
    this.#pool.buffersWaiting -= 1;
    this.#target.write(bytes);
    if (this.#target.bufferedBytes === 0) this.drained();
  }

  /** The connection gave everything back. */
  drained(): void {
    for (const slab of this.#lent) this.#pool.give(slab);
    if (this.#lent.length > 0) this.#lent = [];
    if (this.#at !== this.#start) return;
    this.#start = 0;
    this.#at = 0;
  }

  /** Forgets what was not handed over. The connection may still own slabs, so none goes back to the pool. */
  clear(): void {
    this.#lent = [];
    if (this.#at !== this.#start) this.#pool.buffersWaiting -= 1;
    this.#at = this.#start;
  }

  /** Says whether what is pending, `flushBytes` at least, is handed over before another frame of this length. */
  #isFlushedBefore(byteCount: number): boolean {
    if (this.#pool.buffersWaiting > fewBuffers) return false;
    return byteCount < shortFrameBytes ? this.#at - this.#start >= shortFlushBytes : byteCount < largeFrameBytes;
  }

  #makeRoom(byteCount: number): void {
    this.flush();
    if (this.#start === 0 && byteCount <= this.slab.length) return;
    this.#lent.push(this.slab);
    this.slab = byteCount <= this.#pool.slabBytes ? this.#pool.take() : new Uint8Array(byteCount);
    this.#start = 0;
    this.#at = 0;
  }
}

/**
 * So much is handed over in the middle of a turn: the peer begins to read while this side still encodes. A write of this size costs
 * the system no more for each byte than a larger one.
 */
const flushBytes = 16_384;

/**
 * Of short frames, so much. Each of them is a call for the peer, so that it has work for longer than a wake-up takes, and every
 * write beyond that is one more wake-up: a quarter of the processor time of calls with a thousand in flight.
 */
const shortFlushBytes = 32_000;
const shortFrameBytes = 4096;

/**
 * With more buffers than that to hand over, a whole slab each: their peers have enough to do already, and a write in two parts is a
 * wake-up more for each of them.
 */
const fewBuffers = 4;

/** Frames of this length fill a slab before it is handed over: at one write each, of three, the writes cost more than the rest. */
const largeFrameBytes = 12_288;

/** Where the bytes go; a `Connection` is one. */
export interface ByteTarget {
  readonly bufferedBytes: number;
  write(bytes: Uint8Array): void;
}

/** What the buffers of all links of a process share: spare slabs (what is above `spareMax` is left to the garbage collector), and how many have work. */
export class SlabPool {
  readonly slabBytes: number;
  /** Buffers of all links that hold bytes which they have not handed over. */
  buffersWaiting = 0;
  readonly #spareMax: number;
  readonly #spare: Uint8Array[] = [];

  constructor(slabBytes = 65_536, spareMax = 64) {
    this.slabBytes = slabBytes;
    this.#spareMax = spareMax;
  }

  take(): Uint8Array {
    return this.#spare.pop() ?? new Uint8Array(this.slabBytes);
  }

  /** Takes a slab back; one of another length is left to the garbage collector. */
  give(slab: Uint8Array): void {
    if (slab.length === this.slabBytes && this.#spare.length < this.#spareMax) this.#spare.push(slab);
  }
}
