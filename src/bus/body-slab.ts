import { ByteWriter } from '../core/bytes.js';

/**
 * Memory for events that wait for their acknowledgement, in chunks that many share: memory of its own for each event costs more than
 * encoding it. What is written is never written again, and a chunk lives as long as anybody refers to it, so chunks are small, and
 * who holds parts counts whole chunks. They grow with the events, up to a bound, so that some fit in each: a chunk that has to grow
 * in the middle of an event is copied.
 */
export class BodySlab {
  #spare: ByteWriter | undefined;
  #chunkBytes = chunkMinBytes;
  /** What the next event is expected to need: the largest of late, forgotten by and by. */
  #roomBytes = roomMinBytes;

  /** Lends a writer to write behind what it has; another one to somebody who asks before it is given back. */
  take(): ByteWriter {
    const writer = this.#spare ?? new ByteWriter(this.#chunkBytes);
    this.#spare = undefined;
    return writer;
  }

  /** Takes a writer back, with an event of `eventBytes` in it. One that is lost in an exception is not missed. */
  give(writer: ByteWriter, eventBytes: number): void {
    if (eventBytes + headBytes > this.#roomBytes) this.#fit(eventBytes + headBytes);
    if (writer.buffer.length - writer.length >= this.#roomBytes) {
      this.#spare = writer;
    } else if (this.#roomBytes > roomMinBytes) {
      this.#fit(Math.max(roomMinBytes, eventBytes + headBytes, this.#roomBytes * kept));
    }
  }

  #fit(roomBytes: number): void {
    this.#roomBytes = roomBytes;
    this.#chunkBytes = Math.max(roomBytes, Math.min(chunkMaxBytes, Math.max(chunkMinBytes, roomBytes * eventsMin)));
  }
}

/** Some eighty device events; a lane that holds one of them pins as much. */
const chunkMinBytes = 8192;
const chunkMaxBytes = 65_536;
/** Events that a chunk should hold, unless it would be larger than `chunkMaxBytes`. */
const eventsMin = 8;

/** What most events fit in; a chunk with less is not begun again, so that it need not grow. */
const roomMinBytes = 512;
/** More than the part of a record before its value. */
const headBytes = 64;
/** How much of the expectation is left with each chunk that is full. */
const kept = 0.75;
