import { ClusterError } from '../core/errors.js';
import { optionError } from '../core/options.js';

/** The part of Standard Schema that is needed here; every library that follows it fits. */
export interface StandardSchema {
  readonly '~standard': {
    readonly validate: (value: unknown) => SchemaResult | Promise<SchemaResult>;
  };
}

type SchemaResult =
  | { readonly value: unknown; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/**
 * Makes the `decode` of a subscription from a schema of any Standard Schema library. It throws `invalid-value` whose details list
 * the paths. A schema that answers later is refused: an event is not made to wait.
 */
export function decodeWith(schema: StandardSchema): (value: unknown) => unknown {
  checkSchema(schema);
  return (value) => {
    const result = schema['~standard'].validate(value);
    if (result instanceof Promise) {
      // Its outcome is of no use; a rejection must not become an unhandled one.
      result.catch(() => undefined);
      throw new ClusterError(
        'invalid-value',
        'the schema validates asynchronously, which a subscription cannot wait for',
      );
    }
    if (result.issues === undefined) return result.value;
    const details = result.issues.map((issue) => ({ path: pathToText(issue.path), message: issue.message }));
    const first = details[0];
    throw new ClusterError('invalid-value', `${first?.path ?? ''}: ${first?.message ?? 'refused'}`, { details });
  };
}

function checkSchema(schema: unknown): void {
  // Some libraries' schemas are functions.
  const mayHold = (typeof schema === 'object' && schema !== null) || typeof schema === 'function';
  if (mayHold && '~standard' in schema) return;
  throw optionError('schema', 'give a schema of a Standard Schema library, such as zod, valibot or arktype', schema);
}

function pathToText(path: SchemaIssue['path']): string {
  return (path ?? []).map((part) => String(typeof part === 'object' ? part.key : part)).join('.');
}
