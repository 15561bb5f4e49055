/** Codecs for systems that carry bytes only. */
import { Packr } from 'msgpackr';
import { iotEvent, type Payload } from '../payload.js';

/** Values to bytes and back. */
export interface BenchCodec {
  readonly encode: (value: unknown) => Buffer;
  readonly decode: (bytes: Uint8Array) => unknown;
}

/** msgpackr with structures that every process made from the same events first, so that none is sent. */
export function sharedMsgpack(): BenchCodec {
  const packr = new Packr({ structures: [] });
  packr.unpack(packr.pack([iotEvent(0)]));
  return { encode: (value) => packr.pack(value), decode: (bytes) => packr.unpack(bytes) as unknown };
}

/** JSON text in UTF-8. */
export const jsonCodec: BenchCodec = {
  encode: (value) => Buffer.from(JSON.stringify(value)),
  decode: (bytes) => JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()) as unknown,
};

/** Bytes as they are. */
export const bytesCodec: BenchCodec = {
  encode: (value) => value as Buffer,
  decode: (bytes) => bytes,
};

/** The codec that a payload needs: bytes go as they are. */
export function codecFor(payload: Payload, objects: () => BenchCodec): BenchCodec {
  return payload === 'iot' ? objects() : bytesCodec;
}

/** Gathers events, and hands them over 64 at a time or when told to. */
export class Batcher {
  readonly #send: (batch: readonly unknown[]) => void;
  #batch: unknown[] = [];

  constructor(send: (batch: readonly unknown[]) => void) {
    this.#send = send;
  }

  /** Adds one. */
  add(value: unknown): void {
    this.#batch.push(value);
    if (this.#batch.length === 64) this.flush();
  }

  /** Sends what is there. */
  flush(): void {
    if (this.#batch.length === 0) return;
    const batch = this.#batch;
    this.#batch = [];
    this.#send(batch);
  }
}
