import type { StandardSchemaV1 } from '@standard-schema/spec';
import { addHash, hashText } from '../../core/hash.js';
import { serviceNameBytesMax } from '../../core/limits.js';
import { checkFlag, checkObject, checkOptionNames, optionError } from '../../core/options.js';
import type { MethodDescription, MethodKind, ServiceDescription } from '../../spi/rpc.js';

/** What can be said about one method of a contract. */
export interface MethodOptions<In, Out> {
  /** May run twice without harm: then a call is tried again even if it may have run. @defaultValue false */
  readonly idempotent?: boolean;
  /** Checks what comes in, on the serving side, by any Standard Schema library. */
  readonly input?: StandardSchemaV1<unknown, In>;
  /** Checks what goes out, on the serving side. */
  readonly output?: StandardSchemaV1<unknown, Out>;
  /** Both directions carry `Uint8Array` as they are, without a codec. @defaultValue false */
  readonly raw?: boolean;
}

/** One method of a contract; the types are for the compiler only. */
export interface MethodDefinition<Kind extends MethodKind, In, Out> {
  readonly kind: Kind;
  readonly options: MethodOptions<In, Out>;
  /** Never there at run time. */
  readonly types?: { readonly input: In; readonly output: Out };
}

/** A method whatever its types: what run-time code sees, and what keeps the compiler from guessing types that nobody gave. */
export interface AnyMethod {
  readonly kind: MethodKind;
  readonly options: {
    readonly idempotent?: boolean;
    readonly input?: unknown;
    readonly output?: unknown;
    readonly raw?: boolean;
  };
}

/** The methods of a contract by name. */
export type ContractMethods = Readonly<Record<string, AnyMethod>>;

/** A service as both sides know it. */
export interface ServiceContract<Methods extends ContractMethods = ContractMethods> {
  readonly name: string;
  readonly version: string;
  readonly methods: Methods;
  /** What is registered and compared. */
  readonly description: ServiceDescription;
}

/** One request, one answer. */
export function call<In = void, Out = void>(options: MethodOptions<In, Out> = {}): MethodDefinition<'call', In, Out> {
  checkMethodOptions(options);
  return { kind: 'call', options };
}

/** One request, many items, at the caller's pace. */
export function stream<In = void, Out = unknown>(
  options: MethodOptions<In, Out> = {},
): MethodDefinition<'stream', In, Out> {
  checkMethodOptions(options);
  return { kind: 'stream', options };
}

/** Items both ways, each at the other side's pace. */
export function channel<In = unknown, Out = unknown>(
  options: MethodOptions<In, Out> = {},
): MethodDefinition<'channel', In, Out> {
  checkMethodOptions(options);
  return { kind: 'channel', options };
}

/** One message, no answer: the caller learns that it was handed to a link, nothing more. */
export function oneWay<In = void>(options: MethodOptions<In, void> = {}): MethodDefinition<'one-way', In, void> {
  checkMethodOptions(options);
  return { kind: 'one-way', options };
}

function checkMethodOptions(options: AnyMethod['options']): void {
  checkOptionNames(options, methodOptionNames, 'a method');
  const { idempotent, raw } = options;
  if (idempotent !== undefined) checkFlag('idempotent', idempotent);
  if (raw !== undefined) checkFlag('raw', raw);
  for (const name of ['input', 'output'] as const) {
    const schema = options[name];
    if (schema === undefined || isSchema(schema)) continue;
    throw optionError(name, 'give a schema of a Standard Schema library, such as zod, valibot or arktype', schema);
  }
}

const methodOptionNames: ReadonlySet<string> = new Set<keyof AnyMethod['options']>([
  'idempotent',
  'input',
  'output',
  'raw',
]);

/** What a contract consists of beside its name. */
export interface ContractParts<Methods extends ContractMethods> {
  /** Semantic version; callers and instances of one major version can meet. */
  readonly version: string;
  readonly methods: Methods;
}

/** Declares a contract. Names are 1 to 128 of letters, digits, `.`, `_`, `-`. Throws `invalid-options` for a malformed one. */
export function defineService<Methods extends ContractMethods>(
  name: string,
  parts: ContractParts<Methods>,
): ServiceContract<Methods> {
  checkWordOf('the name of a service', name);
  checkOptionNames(parts, partNames, `service ${name}`);
  const { version, methods } = parts;
  if (typeof version !== 'string' || !/^\d+\.\d+\.\d+/.test(version)) {
    throw optionError(`version of service ${name}`, "give a semantic version such as '1.0.0'", version);
  }
  checkObject(`methods of service ${name}`, 'give an object of call(), stream(), channel() and oneWay()', methods);
  for (const [method, definition] of Object.entries(methods)) checkMethod(method, definition);
  return { name, version: parts.version, methods: parts.methods, description: describe(name, parts) };
}

/** Throws `invalid-options` for a word that may not name a service, a method or an instance. */
export function checkWordOf(what: string, word: unknown): void {
  if (typeof word === 'string' && isServiceWord(word)) return;
  throw optionError(what, 'give 1 to 128 letters, digits, ".", "_" or "-"', word);
}

function checkMethod(name: string, definition: unknown): void {
  checkWordOf('the name of a method', name);
  const isMade =
    typeof definition === 'object' && definition !== null && 'kind' in definition && 'options' in definition;
  if (!isMade) {
    throw optionError(`method ${name}`, 'give what call(), stream(), channel() or oneWay() returns', definition);
  }
}

const partNames: ReadonlySet<string> = new Set<keyof ContractParts<ContractMethods>>(['version', 'methods']);

/** Says whether a word may name a service, a method or an instance. */
export function isServiceWord(word: string): boolean {
  return word.length <= serviceNameBytesMax && /^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(word);
}

/** The part of a semantic version that must agree. */
export function majorOf(version: string): string {
  return version.slice(0, Math.max(0, version.indexOf('.')));
}

/**
 * Returns why a caller of `wanted` cannot use an instance of `offered`, or `undefined` when it can. Equal hashes agree; else each
 * method that the caller knows must be there in the same kind and form, so an instance may have more.
 */
export function findIncompatibility(wanted: ServiceDescription, offered: ServiceDescription): string | undefined {
  if (wanted.hash === offered.hash) return undefined;
  if (majorOf(wanted.version) !== majorOf(offered.version)) {
    return `version ${offered.version} is served, ${wanted.version} is wanted`;
  }
  for (const [name, method] of Object.entries(wanted.methods)) {
    const other = offered.methods[name];
    if (other === undefined) return `method ${name} is not served`;
    if (other.kind !== method.kind) return `method ${name} is a ${other.kind}, a ${method.kind} is wanted`;
    if (other.raw !== method.raw) return `method ${name} is ${other.raw ? 'raw' : 'not raw'} there`;
  }
  return undefined;
}

function describe(name: string, parts: ContractParts<ContractMethods>): ServiceDescription {
  const methods: Record<string, MethodDescription> = {};
  let hash = addHash(hashText(name), hashText(majorOf(parts.version)));
  for (const [method, { kind, options }] of Object.entries(parts.methods).toSorted(byName)) {
    const { idempotent = false, raw = false } = options;
    methods[method] = { kind, idempotent, raw };
    const schemas = `${vendorOf(options.input)} ${vendorOf(options.output)}`;
    hash = addHash(hash, hashText(`${method} ${kind} ${schemas} ${raw}`));
  }
  return { name, version: parts.version, methods, hash };
}

/** Says whether a value is a schema of a Standard Schema library. */
export function isSchema(value: unknown): value is StandardSchemaV1 {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return false;
  return '~standard' in value && typeof value['~standard'] === 'object';
}

function vendorOf(schema: unknown): string {
  return isSchema(schema) ? schema['~standard'].vendor : '-';
}

function byName(left: readonly [string, unknown], right: readonly [string, unknown]): number {
  return left[0] < right[0] ? -1 : 1;
}
