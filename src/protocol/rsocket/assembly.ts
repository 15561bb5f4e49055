import type { PayloadView } from '../../core/payload-view.js';
import { typePayload } from './frame.js';
import type { SlabPool } from './send-buffer.js';

/**
 * One payload that arrives in fragments (Fragmentation and Reassembly). Metadata comes whole before data, so both go into one row
 * of chunks, and from there into one buffer of their exact length: each byte is copied twice, whatever the number of fragments.
 * Chunks grow with what came, so that a peer cannot make us hold much more than it sent; long ones are slabs, which are used again.
 * Where the sender announced the length and is believed, that buffer is there from then on, and each further byte is copied once.
 */
export class Assembly {
  readonly #pool: SlabPool;
  #chunks: Uint8Array[] = [];
  #whole: Uint8Array | undefined;
  /** Bytes used of the last chunk. */
  #used = 0;
  #metadataBytes = 0;
  #length = 0;
  /** Flags of all fragments so far. */
  flags: number;
  /** The whole length as its sender announced it; 0 for none. */
  announced = 0;
  /** The request type that the fragments belong to; PAYLOAD for an item. */
  type: number = typePayload;

  constructor(pool: SlabPool, flags: number) {
    this.#pool = pool;
    this.flags = flags;
  }

  get metadataBytes(): number {
    return this.#metadataBytes;
  }

  get length(): number {
    return this.#length;
  }

  /** Bytes allocated for it, or as good as. */
  get heldBytes(): number {
    return this.#whole?.length ?? this.#length;
  }

  /** Makes room for all that was announced. The caller checked the limits. */
  believe(): void {
    if (this.#whole !== undefined || this.announced < this.#length) return;
    const whole = new Uint8Array(this.announced);
    this.#join(whole);
    this.#whole = whole;
  }

  /**
   * Adds a fragment; false when metadata comes after data, or more than was announced, which no sender may do. The caller checked
   * the limits.
   */
  add(fragment: PayloadView): boolean {
    if (fragment.metadataLength > 0 && this.#length > this.#metadataBytes) return false;
    const end = this.#length + fragment.dataEnd - fragment.metadataStart;
    if (this.#whole !== undefined && end > this.#whole.length) return false;
    this.#append(fragment.bytes, fragment.metadataStart, fragment.metadataEnd);
    this.#metadataBytes += fragment.metadataLength;
    this.#append(fragment.bytes, fragment.dataStart, fragment.dataEnd);
    return true;
  }

  /** Points the view at the whole payload, whose bytes are its receiver's to keep. Called once, at the end. */
  show(view: PayloadView): PayloadView {
    let whole = this.#whole;
    if (whole === undefined) this.#join((whole = new Uint8Array(this.#length)));
    // Announced and not sent: what lies behind is nobody's to see.
    else if (this.#length < whole.length) whole = whole.slice(0, this.#length);
    view.set(whole, 0, this.#metadataBytes, this.#length);
    view.isOwned = true;
    return view;
  }

  /** Gives the chunks back. */
  drop(): void {
    for (const chunk of this.#chunks) if (chunk.length === this.#pool.slabBytes) this.#pool.give(chunk);
    this.#chunks = [];
    this.#used = 0;
  }

  #join(whole: Uint8Array): void {
    let at = 0;
    for (const chunk of this.#chunks) {
      const rest = this.#length - at;
      whole.set(rest < chunk.length ? chunk.subarray(0, rest) : chunk, at);
      at += chunk.length;
    }
    this.drop();
  }

  #append(source: Uint8Array, start: number, end: number): void {
    if (this.#whole !== undefined) {
      if (end > start) this.#whole.set(source.subarray(start, end), this.#length);
      this.#length += end - start;
      return;
    }
    for (let at = start; at < end;) {
      let chunk = this.#chunks.at(-1);
      if (chunk === undefined || this.#used === chunk.length) {
        chunk = this.#takeChunk(end - at);
        this.#chunks.push(chunk);
        this.#used = 0;
      }
      const part = Math.min(end - at, chunk.length - this.#used);
      chunk.set(source.subarray(at, at + part), this.#used);
      this.#used += part;
      this.#length += part;
      at += part;
    }
  }

  #takeChunk(neededBytes: number): Uint8Array {
    const { slabBytes } = this.#pool;
    const bytes = Math.min(slabBytes, Math.max(chunkMinBytes, this.#length, neededBytes * 2));
    return bytes === slabBytes ? this.#pool.take() : new Uint8Array(bytes);
  }
}

const chunkMinBytes = 1024;
