import type { StreamKind } from '../../spi/links.js';

/** The byte that begins a request's metadata between nodes: whose stream it is. Hello has its own. */
export const kindBytes: Readonly<Record<StreamKind, number>> = { rpc: 1, bus: 2, table: 3, swim: 4 };

/** Streams that settle who is there; nothing else is taken before. */
export const helloByte = 0;

/** The kind of a byte, or `undefined` for one that this build does not know. */
export function findKind(byte: number): StreamKind | undefined {
  return kinds[byte];
}

/** Metadata MIME type of SETUP between nodes: requests begin with a kind byte. */
export const linkMime = 'application/x.scalebus-link';
/** Metadata MIME type of stock clients: RSocket composite metadata. */
export const compositeMime = 'message/x.rsocket.composite-metadata.v0';
/** What the data is; only the kind's owner knows. */
export const bytesMime = 'application/octet-stream';

const kinds: readonly (StreamKind | undefined)[] = [undefined, 'rpc', 'bus', 'table', 'swim'];
