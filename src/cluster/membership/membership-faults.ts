import { ClusterError } from '../../core/errors.js';
import type { SwimFault } from '../../protocol/swim/effects.js';
import type { ResolvedSwimMembershipOptions } from './membership-options.js';

/** The error of a join that nobody answered in time. */
export function joinFailed({ seeds, joinTimeoutMs }: ResolvedSwimMembershipOptions, cause: unknown): ClusterError {
  const asked =
    typeof seeds === 'function' ? 'no seed' : `none of the seeds ${[seeds].flat().join(', ').slice(0, 300)}`;
  const todo =
    'check the addresses, the label and the key, and start a node there first; without joinRequired this node begins alone';
  const why = cause === undefined ? '' : ` (${messageOf(cause)})`;
  return new ClusterError('join-failed', `${asked} answered within ${joinTimeoutMs} ms${why}: ${todo}`, { cause });
}

/** What a fault says, of whatever kind it is. */
export function messageOf(fault: unknown): string {
  return fault instanceof Error ? fault.message : String(fault);
}

/** Why the machine must not come up, or not stay, as an error that says what to do. */
export function toClusterError(name: string, fault: SwimFault): ClusterError {
  if (fault.kind === 'name-taken') {
    const told = `another node named ${name} answers at ${fault.address}; give this one another name, or stop that one`;
    return new ClusterError('name-taken', told, { details: fault });
  }
  const versions = `${fault.wireMin} to ${fault.wireMax}`;
  return new ClusterError('incompatible', `${fault.address} speaks wire versions ${versions}`, { details: fault });
}
