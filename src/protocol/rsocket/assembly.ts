import type { PayloadView } from '../../core/payload-view.js';
import { typePayload } from './frame.js';

/**
 * One payload that arrives in fragments (Fragmentation and Reassembly). Metadata comes whole before data, so both grow in one
 * buffer, which doubles: each byte is copied twice at most, whatever the number of fragments.
 */
export class Assembly {
  #bytes: Uint8Array;
  #metadataBytes = 0;
  #length = 0;
  /** Flags of all fragments so far. */
  flags: number;
  /** The request type that the fragments belong to; PAYLOAD for an item. */
  type: number = typePayload;

  constructor(firstBytes: number, flags: number) {
    this.#bytes = new Uint8Array(Math.max(firstBytes * 2, 1024));
    this.flags = flags;
  }

  get length(): number {
    return this.#length;
  }

  /** Adds a fragment; false when metadata comes after data, which no sender may do. The caller checked the limits. */
  add(fragment: PayloadView): boolean {
    if (fragment.metadataLength > 0 && this.#length > this.#metadataBytes) return false;
    this.#append(fragment.bytes, fragment.metadataStart, fragment.metadataEnd);
    this.#metadataBytes += fragment.metadataLength;
    this.#append(fragment.bytes, fragment.dataStart, fragment.dataEnd);
    return true;
  }

  /** Points the view at the whole payload. */
  show(view: PayloadView): PayloadView {
    return view.set(this.#bytes, 0, this.#metadataBytes, this.#length);
  }

  #append(source: Uint8Array, start: number, end: number): void {
    const needed = this.#length + end - start;
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    this.#bytes.set(source.subarray(start, end), this.#length);
    this.#length = needed;
  }
}
