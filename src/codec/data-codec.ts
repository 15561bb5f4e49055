import { findDataFault, type DataFault } from '../core/data.js';
import { ClusterError } from '../core/errors.js';

/** Throws `invalid-value` with the path of the part that is not data. */
export function assertEncodable(value: unknown): void {
  const fault = findDataFault(value);
  if (fault !== undefined) throw notData(fault);
}

/** The error for a value that a codec cannot carry. */
export function notData(fault: DataFault): ClusterError {
  const where = fault.path === '' ? 'the value' : fault.path;
  return new ClusterError('invalid-value', `${where}: ${fault.why}`, { details: [fault] });
}

/** The error for bytes that a codec refuses. */
export function malformed(codec: string, why: string, cause?: unknown): ClusterError {
  return new ClusterError('invalid-value', `malformed ${codec}: ${why}`, cause === undefined ? {} : { cause });
}
