import { ByteWriter } from '../core/bytes.js';

/**
 * Memory for events that wait for their acknowledgement, in chunks that many share: memory of its own for each event costs more than
 * encoding it. What is written is never written again, and a chunk lives as long as anybody refers to it, so chunks are small, and
 * who holds parts counts whole chunks.
 */
export class BodySlab {
  #spare: ByteWriter | undefined;

  /** Lends a writer to write behind what it has; another one to somebody who asks before it is given back. */
  take(): ByteWriter {
    const writer = this.#spare ?? new ByteWriter(chunkBytes);
    this.#spare = undefined;
    return writer;
  }

  /** Takes a writer back. One that is lost in an exception is not missed. */
  give(writer: ByteWriter): void {
    if (writer.length < chunkBytes - roomBytes) this.#spare = writer;
  }
}

/** Some eighty device events; a lane that holds one of them pins as much. */
const chunkBytes = 8192;

/** What most events fit in; a chunk with less is not begun again, so that it need not grow. */
const roomBytes = 512;
