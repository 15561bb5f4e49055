import { emptyBytes, type ByteWriter } from '../core/bytes.js';

/** Joins records that lie one behind the other in memory, as those of a turn do: one copy takes them all. */
export class RecordRun {
  readonly #target: ByteWriter;
  #bytes: Uint8Array = emptyBytes;
  #start = 0;
  #end = 0;

  constructor(target: ByteWriter) {
    this.#target = target;
  }

  /** Adds a record; it is written by the next `write`, or before one that does not lie behind it. */
  add(bytes: Uint8Array, start: number, end: number): void {
    if (start !== this.#end || bytes !== this.#bytes) {
      this.write();
      this.#bytes = bytes;
      this.#start = start;
    }
    this.#end = end;
  }

  /** Writes what was added, and keeps nothing of it. */
  write(): void {
    if (this.#end > this.#start) this.#target.range(this.#bytes, this.#start, this.#end);
    this.#bytes = emptyBytes;
    this.#start = 0;
    this.#end = 0;
  }
}
