import { ClusterError } from '../../core/errors.js';
import { checkObject, checkOptionNames, findTextsFault, optionError } from '../../core/options.js';
import type { Counter, Metrics } from '../../spi/metrics.js';
import type { MethodKind } from '../../spi/rpc.js';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { type AnyMethod, checkWordOf, isSchema, type ServiceContract } from './contract.js';
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

/** Builds a registration; throws `invalid-options` when a handler is missing, or nothing could call it, or a word is malformed. */
export function createRegistration(
  contract: ServiceContract,
  handlers: object,
  options: RegisterOptions,
  metrics: Metrics,
): Registration {
  checkRegisterOptions(options);
  const id = options.id ?? 'default';
  checkWordOf('id', id);
  checkHandlers(contract, handlers);
  const methods = new Map<string, ServedMethod>();
  for (const [name, definition] of Object.entries(contract.methods)) {
    const handler: unknown = Reflect.get(handlers, name);
    if (!isHandler(handler)) throw optionError(`handlers of ${contract.name}`, `give a function for ${name}`, handler);
    const labels = { service: contract.name, method: name };
    methods.set(name, {
      service: contract.name,
      instanceId: id,
      name,
      kind: definition.kind,
      ...readSchemas(definition),
      raw: definition.options.raw ?? false,
      // Bound, so that handlers may be methods of a class instance.
      handler: (input, context) => handler.call(handlers, input, context),
      served: metrics.counter('scalebus_rpc_served_total', 'Calls that reached a handler of this node', labels),
      failed: metrics.counter('scalebus_rpc_served_failed_total', 'Calls whose handler or schema failed', labels),
    });
  }
  return { contract, id, tags: options.tags ?? {}, methods };
}

function checkRegisterOptions(options: RegisterOptions): void {
  checkOptionNames(options, optionNames, 'register');
  const fault = options.tags === undefined ? undefined : findTextsFault('tags', options.tags);
  if (fault !== undefined) throw fault;
}

const optionNames: ReadonlySet<string> = new Set<keyof RegisterOptions>(['id', 'tags']);

/** The types of handlers are gone at run time, and one under a misspelt name would never be called. */
function checkHandlers(contract: ServiceContract, handlers: object): void {
  checkObject(`handlers of ${contract.name}`, 'give an object with a function for each method', handlers);
  const prototype: unknown = Object.getPrototypeOf(handlers);
  // An instance of a class has what it likes beside them.
  if (prototype !== Object.prototype && prototype !== null) return;
  const names = Object.keys(contract.methods);
  for (const [name, handler] of Object.entries(handlers)) {
    if (names.includes(name) || typeof handler !== 'function') continue;
    const has = `its methods are ${names.join(', ')}`;
    throw new ClusterError('invalid-options', `handlers of ${contract.name}: it has no method ${name}; ${has}`);
  }
}

function readSchemas({ options }: AnyMethod): Pick<ServedMethod, 'input' | 'output'> {
  const { input, output } = options;
  return { input: isSchema(input) ? input : undefined, output: isSchema(output) ? output : undefined };
}

type AnyHandler = (input: unknown, context: CallContext) => unknown;

function isHandler(value: unknown): value is AnyHandler {
  return typeof value === 'function';
}
