import { ClusterError } from '../core/errors.js';
import { eventBytesMax } from '../core/limits.js';

/** Throws `too-large` for what no peer would put together: it would be sent in vain. */
export function refuseLarge(what: string, bytes: number): never {
  throw new ClusterError('too-large', `${what} takes ${bytes} bytes, at most ${eventBytesMax} may be`);
}
