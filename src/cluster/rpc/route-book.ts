import { ByteReader } from '../../core/bytes.js';
import type { PayloadView } from '../../core/payload-view.js';
import { flagDefine, readCallMetadata, type Route, type RoutedHead } from './call-metadata.js';
import type { ServedMethod } from './registration.js';

/**
 * The routes that the peer of one link has named, and what its last plain call to each was found to be. A plain call has flags 0:
 * a number and the time that is left, most often the same as the last one's; then nothing is read, made or looked up again.
 */
export class RouteBook {
  readonly #routes = new Map<number, Route>();
  /** By route number; at most as many as there are routes. */
  readonly #plain: (FoundHead | undefined)[] = [];
  readonly #version: number;

  /** `version`: the wire version that hello settled; a head above it is malformed. */
  constructor(version: number) {
    this.#version = version;
  }

  /** Reads the metadata of a call and learns its route; `undefined` when it is malformed or names an unknown route. */
  read(payload: PayloadView): FoundHead | undefined {
    const { bytes, metadataStart: start, metadataEnd: end } = payload;
    // Two bytes for the route and up to three for the time are 2^14 routes and half an hour.
    const isPlain = end - start <= plainBytesMax && bytes[start] === this.#version && bytes[start + 1] === 0;
    return isPlain ? this.#readPlain(bytes, start, end) : this.#readAny(bytes, start, end);
  }

  #readPlain(bytes: Uint8Array, start: number, end: number): FoundHead | undefined {
    let at = start + 2;
    let number = bytes[at++] ?? 0;
    if (number >= 0x80) number = (number & 0x7f) | ((bytes[at++] ?? 0) << 7);
    const last = this.#plain[number];
    if (last !== undefined && at < end && isVarint(bytes, at, end, last.remainingMs)) return last;
    const head = this.#readAny(bytes, start, end);
    if (head !== undefined && this.#routes.has(number)) this.#plain[number] = head;
    return head;
  }

  #readAny(bytes: Uint8Array, start: number, end: number): FoundHead | undefined {
    const head = readCallMetadata(new ByteReader(bytes, start, end), this.#routes, this.#version);
    if (head === undefined) return undefined;
    // It may have named a route anew.
    if (((bytes[start + 1] ?? 0) & flagDefine) !== 0) this.#plain.length = 0;
    const { route, remainingMs, depth, headers } = head;
    // Written out: a spread gives each head a hidden class of its own, and every look at one of them would be a search.
    return { route, remainingMs, depth, headers, method: undefined, revision: -1 };
  }
}

/** The head of a call, and who was found to serve it. */
export interface FoundHead extends RoutedHead {
  /** Whom `RpcServer` found for this head, */
  method: ServedMethod | undefined;
  /** while its registrations were at this revision. */
  revision: number;
}

const plainBytesMax = 7;

/** Says whether the bytes from `at` to `end` are this number as a varint, and nothing else. */
function isVarint(bytes: Uint8Array, at: number, end: number, value: number): boolean {
  let rest = value;
  for (let index = at; index < end; index += 1) {
    const byte = bytes[index] ?? 0;
    if (byte < 0x80) return index === end - 1 && byte === rest;
    if (byte !== ((rest & 0x7f) | 0x80)) return false;
    rest >>>= 7;
  }
  return false;
}
