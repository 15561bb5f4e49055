import { type Address, addressToText } from '../../core/address.js';
import { ClusterError } from '../../core/errors.js';
import type { DialFault } from '../../spi/connections.js';

/** The error of a failed dial; `details` is the fault, as the door promises. */
export function dialError(to: Address, fault: DialFault, cause?: unknown): ClusterError {
  const what = {
    refused: 'nobody listens there',
    silent: 'no answer in time',
    failed: 'it failed',
  }[fault];
  const why = causeToText(cause);
  return new ClusterError(
    'unavailable',
    `cannot connect to ${targetToText(to)}: ${what}${why === '' ? '' : `: ${why}`}`,
    {
      details: fault,
      cause,
    },
  );
}

/** The error of an address that cannot be listened on or bound. */
export function bindError(local: Address, cause: unknown): ClusterError {
  const where = targetToText(local);
  if (findSystemCode(cause) === 'EADDRINUSE') {
    const advice = local.host.startsWith('/')
      ? 'stop what uses it, or remove the file that a crash left behind'
      : 'choose another port, or stop what uses it';
    return new ClusterError('address-in-use', `${where} is taken: ${advice}`, { cause });
  }
  return new ClusterError('unavailable', `cannot listen on ${where}: ${causeToText(cause)}`, { cause });
}

/** The code of an error of the operating system, such as `ECONNREFUSED`. */
export function findSystemCode(cause: unknown): string | undefined {
  if (!(cause instanceof Error) || !('code' in cause)) return undefined;
  return typeof cause.code === 'string' ? cause.code : undefined;
}

function causeToText(cause: unknown): string {
  if (cause instanceof Error) return cause.message;
  return typeof cause === 'string' ? cause : '';
}

/** A socket path, or `host:port`. */
export function targetToText(address: Address): string {
  return address.host.startsWith('/') ? address.host : addressToText(address);
}
