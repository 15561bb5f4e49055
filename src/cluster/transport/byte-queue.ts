import { must } from '../../core/assert.js';

/** Bytes in order, kept by reference until they are taken; any number of them can be taken at once, across what was pushed. */
export class ByteQueue {
  #chunks: Uint8Array[] = [];
  #head = 0;
  #offset = 0;
  #length = 0;

  /** Bytes that wait. */
  get length(): number {
    return this.#length;
  }

  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#chunks.push(bytes);
    this.#length += bytes.length;
  }

  /** Moves the first `count` bytes to the start of `target`; there must be as many. */
  takeInto(target: Uint8Array, count: number): void {
    let taken = 0;
    while (taken < count) {
      const chunk = must(this.#chunks[this.#head], 'as many bytes as are taken');
      const part = Math.min(chunk.length - this.#offset, count - taken);
      target.set(chunk.subarray(this.#offset, this.#offset + part), taken);
      taken += part;
      this.#offset += part;
      if (this.#offset === chunk.length) this.#dropHead();
    }
    this.#length -= count;
  }

  clear(): void {
    this.#chunks = [];
    this.#head = 0;
    this.#offset = 0;
    this.#length = 0;
  }

  #dropHead(): void {
    this.#head += 1;
    this.#offset = 0;
    if (this.#head === this.#chunks.length) {
      this.#chunks = [];
      this.#head = 0;
    } else if (this.#head >= 1024 && this.#head * 2 > this.#chunks.length) {
      // Lets taken chunks go without moving the rest at each step.
      this.#chunks = this.#chunks.slice(this.#head);
      this.#head = 0;
    }
  }
}
