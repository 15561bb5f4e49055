import { ByteReader, ByteWriter } from '../../core/bytes.js';
import type { PayloadView } from '../../core/payload-view.js';
import type { Codec, LaneCodec, LaneDecoder, LaneEncoder } from '../../spi/codec.js';
import { type Link, streamErrorCodes, type StreamFault, type StreamSink } from '../../spi/links.js';
import { flagDefinitions } from './call-metadata.js';

/**
 * How the values of calls travel on each link. With a lane codec a value may lean on definitions that its link has carried before; which
 * ones is agreed by request and answer, never by order: a frame of a call may be cut, overtaken, cancelled before it is sent, or sent
 * again on another link. So each side sends its definitions in requests of their own, and uses only those that the peer has
 * confirmed on this very link. Until then, and to a peer that refuses them, values are self-contained. A reconnect begins with nothing.
 */
export class LinkValues {
  readonly #codec: Codec;
  readonly #lane: LaneCodec | undefined;
  readonly #full: LaneEncoder | undefined;
  readonly #basic: LaneEncoder | undefined;
  readonly #byLink = new WeakMap<Link, LinkCodec>();
  #lastLink: Link | undefined;
  #last: Codec | undefined;

  constructor(codec: Codec) {
    this.#codec = codec;
    this.#lane = isLaneCodec(codec) ? codec : undefined;
    this.#full = this.#lane?.createEncoder(new Set(this.#lane.capabilities));
    this.#basic = this.#lane?.createEncoder(new Set());
  }

  /** The codec of calls on a link; a method's own codec, such as for raw bytes, stays as it is. */
  codecFor(link: Link, codec: Codec): Codec {
    if (codec !== this.#codec || this.#lane === undefined || link.peer.role === 'stock') return codec;
    if (link === this.#lastLink && this.#last !== undefined) return this.#last;
    this.#lastLink = link;
    this.#last = this.#find(link, this.#lane);
    return this.#last;
  }

  /** Takes definitions of the peer; false when they are malformed, or too many. */
  define(link: Link, payload: PayloadView): boolean {
    if (this.#lane === undefined || link.peer.role === 'stock') return false;
    return this.#find(link, this.#lane).define(new ByteReader(payload.bytes, payload.dataStart, payload.dataEnd));
  }

  #find(link: Link, lane: LaneCodec): LinkCodec {
    const known = this.#byLink.get(link);
    if (known !== undefined) return known;
    const readsAll = lane.capabilities.every((capability) => link.peer.capabilities.has(capability));
    const made = new LinkCodec(link, lane, (readsAll ? this.#full : this.#basic) ?? lane.createEncoder(new Set()));
    this.#byLink.set(link, made);
    return made;
  }
}

/** The codec of calls on one link, both ways. */
export class LinkCodec implements Codec, StreamSink {
  readonly name: string;
  readonly #link: Link;
  readonly #lane: LaneCodec;
  readonly #encoder: LaneEncoder;
  readonly #decoder: LaneDecoder;
  /** Definitions of ours that the peer has. */
  #confirmed = 0;
  /** Those that are on their way; 0 for none. */
  #offered = 0;
  #failures = 0;

  constructor(link: Link, lane: LaneCodec, encoder: LaneEncoder) {
    this.name = lane.name;
    this.#link = link;
    this.#lane = lane;
    this.#encoder = encoder;
    this.#decoder = lane.createDecoder();
  }

  encode(value: unknown): Uint8Array {
    if (this.#failures >= failuresMax) return this.#lane.encode(value);
    const bytes = this.#encoder.encode(value);
    if (this.#encoder.needed <= this.#confirmed) return bytes;
    if (this.#offered === 0) this.#offer();
    return this.#lane.encode(value);
  }

  decode(bytes: Uint8Array): unknown {
    return this.#decoder.decode(bytes, 0, bytes.length);
  }

  /** Decodes a value where it lies. */
  decodeRange(bytes: Uint8Array, start: number, end: number): unknown {
    return this.#decoder.decode(bytes, start, end);
  }

  /** Turns bytes that `encode` gave into such as every link can carry: the value as it was then, whatever became of it since. */
  toSelfContained(bytes: Uint8Array): Uint8Array {
    const decoder = this.#lane.createDecoder();
    for (let index = 0; index < this.#encoder.definitionCount; index += 1) {
      decoder.define(this.#encoder.definition(index));
    }
    return this.#lane.encode(decoder.decode(bytes, 0, bytes.length));
  }

  /** Takes definitions of the peer. */
  define(reader: ByteReader): boolean {
    const from = reader.varint();
    for (let index = from; reader.remaining > 0; index += 1) {
      const definition = reader.block(reader.remaining);
      const { definitionCount } = this.#decoder;
      // An answer may have been lost on the way back, so some may come again.
      if (index < definitionCount) continue;
      if (index > definitionCount || !this.#decoder.define(definition)) return false;
    }
    return reader.ok;
  }

  onNext(): void {
    // The end of the answer says all.
  }

  onComplete(): void {
    this.#confirmed = Math.max(this.#confirmed, this.#offered);
    this.#offered = 0;
  }

  onFail(fault: StreamFault): void {
    this.#offered = 0;
    const isRefused = fault.kind === 'remote' && fault.code === streamErrorCodes.invalid;
    this.#failures = isRefused ? failuresMax : this.#failures + 1;
  }

  onCredit(): void {
    // Nothing is sent after the request.
  }

  onCancel(): void {
    // As above.
  }

  /** Sends what the peer has not confirmed. A full link is tried again with the next value. */
  #offer(): void {
    const writer = new ByteWriter(1024);
    writer.varint(this.#confirmed);
    const { definitionCount } = this.#encoder;
    for (let index = this.#confirmed; index < definitionCount; index += 1) {
      writer.block(this.#encoder.definition(index));
    }
    this.#offered = definitionCount;
    const opened = this.#link.open(
      {
        kind: 'rpc',
        interaction: 'response',
        metadata: Uint8Array.of(this.#link.peer.wireVersion, flagDefinitions),
        data: writer.take(),
        credit: 1,
      },
      this,
    );
    if (typeof opened === 'string') this.#offered = 0;
  }
}

/** Requests with definitions that failed before no more are sent; one that is refused as invalid is the last. */
const failuresMax = 8;

/** Version and flags. */
const definitionsHeadBytes = 2;

/** Says whether a request of ours brings definitions and not a call. */
export function bringsDefinitions(payload: PayloadView): boolean {
  return (
    payload.metadataLength === definitionsHeadBytes && payload.bytes[payload.metadataStart + 1] === flagDefinitions
  );
}

function isLaneCodec(codec: Codec): codec is LaneCodec {
  return 'createEncoder' in codec && 'createDecoder' in codec;
}
