import { ClusterError } from '../core/errors.js';
import { optionError } from '../core/options.js';
import type { ClusterNode } from './cluster-node.js';

/** Throws unless something may be put on a node: `invalid-options` for what is none, `not-started` and `stopped` for one that does not run. */
export function checkRunning(node: ClusterNode): void {
  const given: unknown = node;
  const isNode = typeof given === 'object' && given !== null && 'parts' in given && 'state' in given;
  if (!isNode) throw optionError('the node', 'give what createNode returned', given);
  const { name, state } = node;
  if (state === 'running') return;
  const isOver = state === 'stopping' || state === 'stopped';
  if (isOver) throw new ClusterError('stopped', `node ${name} is ${state}; make another`);
  throw new ClusterError('not-started', `node ${name} is ${state}; await start() first`);
}
