import { assert } from '../../core/assert.js';
import type { Counter, Metrics } from '../../spi/metrics.js';
import type { MethodKind } from '../../spi/rpc.js';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { type AnyMethod, isSchema, isServiceWord, type ServiceContract } from './contract.js';
import type { CallContext } from './service-types.js';

/** One method as this node serves it. */
export interface ServedMethod {
  readonly service: string;
  readonly instanceId: string;
  readonly name: string;
  readonly kind: MethodKind;
  readonly input: StandardSchemaV1 | undefined;
  readonly output: StandardSchemaV1 | undefined;
  readonly raw: boolean;
  readonly handler: (input: unknown, context: CallContext) => unknown;
  readonly served: Counter;
  readonly failed: Counter;
}

/** One registration of a service at this node. */
export interface Registration {
  readonly contract: ServiceContract;
  readonly id: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly methods: ReadonlyMap<string, ServedMethod>;
}

/** How to register. */
export interface RegisterOptions {
  /** Tells instances of one service at one node apart. @defaultValue 'default' */
  readonly id?: string;
  /** What callers may select by. @defaultValue none */
  readonly tags?: Readonly<Record<string, string>>;
}

/** Builds a registration; throws when a handler is missing or a word is malformed. */
export function createRegistration(
  contract: ServiceContract,
  handlers: object,
  options: RegisterOptions,
  metrics: Metrics,
): Registration {
  const id = options.id ?? 'default';
  assert(isServiceWord(id), `an instance id of letters, digits, ".", "_" and "-", not ${JSON.stringify(id)}`);
  const methods = new Map<string, ServedMethod>();
  for (const [name, definition] of Object.entries(contract.methods)) {
    const handler: unknown = Reflect.get(handlers, name);
    assert(isHandler(handler), `a handler for ${contract.name}.${name}`);
    const labels = { service: contract.name, method: name };
    methods.set(name, {
      service: contract.name,
      instanceId: id,
      name,
      kind: definition.kind,
      ...readSchemas(name, definition),
      raw: definition.options.raw ?? false,
      // Bound, so that handlers may be methods of a class instance.
      handler: (input, context) => handler.call(handlers, input, context),
      served: metrics.counter('scalebus_rpc_served_total', 'Calls that reached a handler of this node', labels),
      failed: metrics.counter('scalebus_rpc_served_failed_total', 'Calls whose handler or schema failed', labels),
    });
  }
  return { contract, id, tags: options.tags ?? {}, methods };
}

function readSchemas(name: string, method: AnyMethod): Pick<ServedMethod, 'input' | 'output'> {
  const { input, output } = method.options;
  assert(input === undefined || isSchema(input), `a Standard Schema as input of ${name}`);
  assert(output === undefined || isSchema(output), `a Standard Schema as output of ${name}`);
  return { input, output };
}

type AnyHandler = (input: unknown, context: CallContext) => unknown;

function isHandler(value: unknown): value is AnyHandler {
  return typeof value === 'function';
}
