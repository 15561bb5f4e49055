import { emptyBytes } from './bytes.js';

/**
 * A payload where it lies in a received buffer: offsets, no copies. A link reuses one view for every frame, so a receiver reads
 * it inside the call it gets it in and copies what it keeps.
 */
export class PayloadView {
  bytes: Uint8Array = emptyBytes;
  metadataStart = 0;
  metadataEnd = 0;
  dataStart = 0;
  dataEnd = 0;
  /** The bytes are nobody else's and stay as they are: the receiver may keep them without a copy. */
  isOwned = false;
  /** What a link reads just now, as a rule with many payloads in it: as long as `bytes` is this object and `chunkNumber` stays, */
  chunk: Uint8Array | undefined;
  /** its content stays too. */
  chunkNumber = 0;

  /** Points the view at another payload. Returns itself. */
  set(bytes: Uint8Array, metadataStart: number, dataStart: number, dataEnd: number): this {
    this.isOwned = false;
    // The many payloads of one chunk: storing the same bytes again would cost a write barrier each.
    if (this.bytes !== bytes) this.bytes = bytes;
    this.metadataStart = metadataStart;
    this.metadataEnd = dataStart;
    this.dataStart = dataStart;
    this.dataEnd = dataEnd;
    return this;
  }

  /** Points the view at metadata and data that lie in two places, by joining them. For tests and cold paths. */
  static of(metadata: Uint8Array, data: Uint8Array): PayloadView {
    const bytes = new Uint8Array(metadata.length + data.length);
    bytes.set(metadata);
    bytes.set(data, metadata.length);
    return new PayloadView().set(bytes, 0, metadata.length, bytes.length);
  }

  /** A subarray of the metadata; costs an object. */
  metadata(): Uint8Array {
    return this.bytes.subarray(this.metadataStart, this.metadataEnd);
  }

  /** A subarray of the data; costs an object. */
  data(): Uint8Array {
    return this.bytes.subarray(this.dataStart, this.dataEnd);
  }

  get metadataLength(): number {
    return this.metadataEnd - this.metadataStart;
  }

  get dataLength(): number {
    return this.dataEnd - this.dataStart;
  }
}
