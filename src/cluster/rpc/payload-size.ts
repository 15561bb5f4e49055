import { ClusterError } from '../../core/errors.js';
import type { Link, Stream } from '../../spi/links.js';

/** What is wrong with a request that its link cannot carry: the other side would refuse it after all of it was sent. */
export function findSizeFault(link: Link, metadata: Uint8Array, data: Uint8Array): ClusterError | undefined {
  return metadata.length + data.length > link.payloadMaxBytes ? tooLarge(link, 'the input of a call', data) : undefined;
}

/** Throws `too-large` for an item or an answer that its link cannot carry. */
export function checkItemSize({ link }: Stream, what: string, data: Uint8Array): void {
  // There is a stream, so the handler at its end was entered.
  if (data.length > link.payloadMaxBytes) throw tooLarge(link, what, data, true);
}

function tooLarge(link: Link, what: string, data: Uint8Array, ran = false): ClusterError {
  const text = `${what} takes ${data.length} bytes, at most ${link.payloadMaxBytes} pass; send chunks by a stream or channel`;
  return new ClusterError('too-large', text, { ran });
}
