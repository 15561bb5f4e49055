import type { StandardSchemaV1 } from '@standard-schema/spec';
import { ClusterError } from '../../core/errors.js';

/** One thing that a schema refused. */
export interface SchemaFault {
  /** `readings.0.celsius`; empty for the value itself. */
  readonly path: string;
  readonly message: string;
}

/** Most faults that an error lists. */
const faultsMax = 32;

/** Returns the value as the schema gives it back, or a promise of it when the schema works asynchronously. Throws `invalid-value`. */
export function checkValue(schema: StandardSchemaV1, value: unknown, what: string): unknown {
  const result = schema['~standard'].validate(value);
  return result instanceof Promise ? result.then((late) => takeResult(late, what)) : takeResult(result, what);
}

/** Like `checkValue` where nothing can be waited for: an asynchronous schema is refused. */
export function checkValueNow(schema: StandardSchemaV1, value: unknown, what: string): unknown {
  const result = schema['~standard'].validate(value);
  if (!(result instanceof Promise)) return takeResult(result, what);
  throw new ClusterError('invalid-value', `${what}: an asynchronous schema needs an AsyncIterable`);
}

function takeResult(result: StandardSchemaV1.Result<unknown>, what: string): unknown {
  if (result.issues === undefined) return result.value;
  const faults = result.issues.slice(0, faultsMax).map(toFault);
  const listed = faults.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ');
  throw new ClusterError('invalid-value', `${what} does not fit its schema: ${listed}`, { details: faults });
}

function toFault(issue: StandardSchemaV1.Issue): SchemaFault {
  const path = (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part)).join('.');
  return { path, message: issue.message };
}
