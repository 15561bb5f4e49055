/**
 * Keeps short-lived bytes in chunks that many share: memory of its own for each event costs more than encoding it. A chunk lives
 * as long as any part of it, so chunks are small, and who holds parts counts whole chunks.
 */
export class BodySlab {
  #chunk = new Uint8Array(chunkBytes);
  #used = 0;

  /** Copies the bytes; the copy is never written again. */
  keep(bytes: Uint8Array): Uint8Array {
    const { length } = bytes;
    if (length > chunkBytes / 4) return bytes.slice();
    if (this.#used + length > chunkBytes) {
      this.#chunk = new Uint8Array(chunkBytes);
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += length;
    this.#chunk.set(bytes, start);
    return this.#chunk.subarray(start, this.#used);
  }
}

/** Twenty device events; a lane that holds one of them pins as much. */
const chunkBytes = 2048;
