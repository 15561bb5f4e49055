import { ByteReader, ByteWriter, emptyBytes } from '../../core/bytes.js';
import { hashText } from '../../core/hash.js';
import { decodePart, encodePart } from './message-codec.js';
import { readEpoch, readName, writeEpoch } from './message-fields.js';
import { sealedMark } from './armour.js';
import type { SwimMessage } from './messages.js';

/**
 * A datagram:
 *
 *     version: u8 | label hash: u32 | sender name: text | sender epoch: 7 bytes | parts...
 *     part: kind u8 | length varint | body
 *
 * With a key all of it travels sealed, see armour.ts; the label's hash is at the same place.
 *
 * Version 0 is the notice of a node that could not read ours: `0 | label hash | lowest u8 | highest u8`, in every build to come.
 */

/** Who sent a datagram, as it says itself. */
export interface PacketHead {
  readonly version: number;
  readonly name: string;
  readonly epoch: number;
}

/** Builds datagrams, one at a time, in one buffer. */
export class PacketWriter {
  readonly #labelHash: number;
  readonly #maxBytes: number;
  readonly #writer = new ByteWriter(512);
  readonly #part = new ByteWriter(512);

  constructor(label: string, maxBytes: number) {
    this.#labelHash = hashText(label);
    this.#maxBytes = maxBytes;
  }

  /** Bytes so far. */
  get length(): number {
    return this.#writer.length;
  }

  /** Bytes that still fit. */
  get room(): number {
    return this.#maxBytes - this.#writer.length;
  }

  /** Starts over. */
  begin(version: number, name: string, epoch: number): void {
    this.#writer.reset();
    this.#writer.u8(version);
    this.#writer.u32(this.#labelHash);
    this.#writer.text(name);
    writeEpoch(this.#writer, epoch);
  }

  /** Appends a part if it fits; returns whether it did. */
  add(message: SwimMessage): boolean {
    this.#part.reset();
    encodePart(this.#part, message);
    return this.addBytes(this.#part.view());
  }

  /** Appends an encoded part if it fits; returns whether it did. */
  addBytes(bytes: Uint8Array): boolean {
    if (bytes.length > this.room) return false;
    this.#writer.bytes(bytes);
    return true;
  }

  /** Lends the datagram until the next `begin`. */
  finish(): Uint8Array {
    return this.#writer.view();
  }

  /** The notice that answers a version we cannot read. */
  versionNotice(wireMin: number, wireMax: number): Uint8Array {
    this.#writer.reset();
    this.#writer.u8(0);
    this.#writer.u32(this.#labelHash);
    this.#writer.u8(wireMin);
    this.#writer.u8(wireMax);
    return this.#writer.view();
  }
}

/** What opening a datagram may come to. */
export type PacketOpening = 'ok' | 'label' | 'version' | 'notice' | 'malformed' | 'sealed';

/** Reads datagrams, one at a time. The label is looked at first: another cluster's datagram costs five bytes. */
export class PacketReader {
  readonly #labelHash: number;
  readonly #wireMin: number;
  readonly #wireMax: number;
  #bytes: Uint8Array = emptyBytes;
  #at = 0;
  #head: PacketHead = noHead;
  #notice: readonly [number, number] = [0, 0];

  constructor(label: string, wireMin: number, wireMax: number) {
    this.#labelHash = hashText(label);
    this.#wireMin = wireMin;
    this.#wireMax = wireMax;
  }

  get head(): PacketHead {
    return this.#head;
  }

  /** Lowest and highest version of the last notice. */
  get notice(): readonly [number, number] {
    return this.#notice;
  }

  open(bytes: Uint8Array): PacketOpening {
    const reader = new ByteReader(bytes);
    const version = reader.u8();
    const labelHash = reader.u32();
    if (isSpoilt(reader)) return 'malformed';
    if (labelHash !== this.#labelHash) return 'label';
    if (version === sealedMark) return 'sealed';
    if (version === 0) {
      this.#notice = [reader.u8(), reader.u8()];
      return isSpoilt(reader) ? 'malformed' : 'notice';
    }
    if (version < this.#wireMin || version > this.#wireMax) return 'version';
    const name = readName(reader);
    const epoch = readEpoch(reader);
    if (isSpoilt(reader)) return 'malformed';
    this.#head = { version, name, epoch };
    this.#bytes = bytes;
    this.#at = reader.offset;
    return 'ok';
  }

  /** The next part; `undefined` at the end. After `'malformed'` only the end follows when the length itself was wrong. */
  next(): SwimMessage | 'unknown' | 'malformed' | undefined {
    if (this.#at >= this.#bytes.length) return undefined;
    const frame = new ByteReader(this.#bytes, this.#at);
    const kind = frame.u8();
    const length = frame.varint();
    if (!frame.ok || length > frame.remaining) {
      this.#at = this.#bytes.length;
      return 'malformed';
    }
    this.#at = frame.offset + length;
    return decodePart(kind, new ByteReader(this.#bytes, frame.offset, this.#at));
  }
}

const noHead: PacketHead = { version: 0, name: '', epoch: 0 };

// `ok` changes with every read, which the compiler cannot know of a getter it has narrowed.
function isSpoilt(reader: ByteReader): boolean {
  return !reader.ok;
}
