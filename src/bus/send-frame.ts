import { emptyBytes, type ByteWriter } from '../core/bytes.js';
import type { Stream } from '../spi/links.js';

/** Sends what a writer holds as one item; the writer is free for the next frame afterwards. */
export function sendFrame(stream: Stream, writer: ByteWriter): void {
  if (stream.nextLent === undefined) stream.next(emptyBytes, writer.take());
  else stream.nextLent(writer.view());
}
