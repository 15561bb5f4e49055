import type { ClusterError } from '../../core/errors.js';
import { waitMaxMs } from '../../core/limits.js';
import {
  checkInteger,
  checkNumber,
  checkOptionNames,
  findNameFault,
  findTextsFault,
  optionError,
} from '../../core/options.js';
import type { Strategy } from '../../protocol/rpc/balance.js';
import { retryDefaults, type RetryOptions } from '../../protocol/rpc/retry-policy.js';
import type { InvokeOptions } from '../../spi/rpc.js';
import type { ServiceContract } from './contract.js';
import type { ClientOptions, WaitOptions } from './rpc-manager.js';
import type { CallOptions, StreamOptions } from './service-types.js';

/** No options: calls compare by identity, and check nothing then. */
export const noCallOptions: StreamOptions = Object.freeze({});

/** What is wrong with the options of one call, before anything of it is done. Allocates nothing when they are right. */
export function findCallFault(
  options: StreamOptions,
  names: ReadonlySet<string> = callNames,
): ClusterError | undefined {
  const wrong = findNameFault(options, names, 'a call');
  if (wrong !== undefined) return wrong;
  const { timeoutMs, signal, headers, select } = options;
  if (timeoutMs !== undefined && !isTime(timeoutMs)) {
    return optionError('timeoutMs', 'give milliseconds from 0 on, Infinity for no deadline', timeoutMs);
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    return optionError('signal', 'give an AbortSignal', signal);
  }
  if (select !== undefined) {
    const fault = findSelectFault(select);
    if (fault !== undefined) return fault;
  }
  // How many they are is asked once the trace is among them.
  const fault = headers === undefined ? undefined : findTextsFault('headers', headers);
  return fault ?? findTargetFault(options);
}

/** The same for streams and channels, which take credit. */
export function findStreamFault(options: StreamOptions): ClusterError | undefined {
  const wrong = findCallFault(options, streamNames);
  if (wrong !== undefined) return wrong;
  const { credit } = options;
  if (credit === undefined || isCredit(credit)) return undefined;
  return optionError('credit', `give a whole number from 1 to ${creditMax}`, credit);
}

/** Throws for a `concurrency` that takes no item. */
export function checkConcurrency(concurrency: unknown): void {
  checkInteger('concurrency', concurrency, 1, creditMax);
}

/** Throws `invalid-options` for options of a client that there are not, or that cannot work. */
export function checkClientOptions(options: ClientOptions): void {
  checkOptionNames(options, clientNames, 'a client');
  const { timeoutMs, select, retry } = options;
  if (timeoutMs !== undefined && !isTime(timeoutMs)) {
    throw optionError('timeoutMs', 'give milliseconds from 0 on, Infinity for no deadline', timeoutMs);
  }
  if (select !== undefined) checkSelect(select);
  if (retry !== undefined) checkRetry('retry', retry);
}

/** Throws `invalid-options` for retries that are no numbers. */
export function checkRetry(option: string, retry: Partial<RetryOptions>): void {
  checkNumbers(option, retry, retryDefaults);
  if (retry.attemptsMax !== undefined) {
    checkNumber(`${option}.attemptsMax`, retry.attemptsMax, 1, Number.MAX_SAFE_INTEGER);
  }
}

/** Throws `invalid-options` unless `given` has nothing but numbers from 0 on, under the names of `defaults`. */
export function checkNumbers(option: string, given: object, defaults: object): void {
  checkOptionNames(given, new Set(Object.keys(defaults)), option);
  for (const [name, value] of Object.entries(given)) {
    checkNumber(`${option}.${name}`, value, 0, Number.MAX_SAFE_INTEGER);
  }
}

/** Throws `invalid-options` for a way to choose that there is not. */
export function checkSelect(select: unknown): void {
  const fault = findSelectFault(select);
  if (fault !== undefined) throw fault;
}

/** What is wrong with the options of `whenAvailable`. */
export function checkWaitOptions(options: WaitOptions): void {
  checkOptionNames(options, waitNames, 'whenAvailable');
  const { instancesMin, timeoutMs } = options;
  if (instancesMin !== undefined) checkInteger('instancesMin', instancesMin, 1, Number.MAX_SAFE_INTEGER);
  if (timeoutMs !== undefined) checkNumber('timeoutMs', timeoutMs, 0, waitMaxMs);
}

/** Throws `invalid-options` for a call by name that names nothing, or with options that there are not. */
export function checkInvocation(service: unknown, method: unknown, options: InvokeOptions): void {
  if (typeof service !== 'string') throw optionError('service', 'give the name of a service', service);
  if (typeof method !== 'string') throw optionError('method', 'give the name of a method', method);
  checkOptionNames(options, invokeNames, 'invoke');
  const cancel: unknown = options.cancel;
  const isToken = typeof cancel === 'object' && cancel !== null && 'listen' in cancel;
  if (cancel === undefined || isToken) return;
  throw optionError('cancel', 'give a CancelToken here, or an AbortSignal as signal', cancel);
}

/** Throws `invalid-options` unless this is a contract: programs in JavaScript think of its name first. */
export function checkContract(contract: unknown): asserts contract is ServiceContract {
  const isContract =
    typeof contract === 'object' && contract !== null && 'description' in contract && 'methods' in contract;
  if (!isContract) throw optionError('contract', 'give what defineService returned', contract);
}

/** Throws `invalid-options` unless this is a contract or the name of a service. */
export function checkService(service: unknown): void {
  if (typeof service !== 'string') checkContract(service);
}

/** As RSocket counts them (REQUEST_N is 31 bits). */
const creditMax = 0x7fff_ffff;

const sharedNames: readonly (keyof CallOptions)[] = [
  'timeoutMs',
  'signal',
  'headers',
  'select',
  'key',
  'node',
  'instanceId',
  'tags',
];
const callNames: ReadonlySet<string> = new Set<keyof CallOptions>(sharedNames);
const streamNames: ReadonlySet<string> = new Set<keyof StreamOptions>([...sharedNames, 'credit']);
const clientNames: ReadonlySet<string> = new Set<keyof ClientOptions>(['select', 'timeoutMs', 'retry']);
const waitNames: ReadonlySet<string> = new Set<keyof WaitOptions>(['instancesMin', 'timeoutMs']);
const invokeNames: ReadonlySet<string> = new Set(['node', 'timeoutMs', 'headers', 'cancel', 'signal']);

const strategies: ReadonlySet<string> = new Set<Strategy>([
  'local-first',
  'random',
  'round-robin',
  'least-pending',
  'lowest-latency',
  'rendezvous',
]);

function isTime(timeoutMs: unknown): boolean {
  if (typeof timeoutMs !== 'number' || !(timeoutMs >= 0)) return false;
  return timeoutMs <= Number.MAX_SAFE_INTEGER || timeoutMs === Number.POSITIVE_INFINITY;
}

function isCredit(credit: unknown): boolean {
  return Number.isInteger(credit) && Number(credit) >= 1 && Number(credit) <= creditMax;
}

function findTargetFault({ key, node, instanceId, tags }: CallOptions): ClusterError | undefined {
  const fault = findTextFault('key', key) ?? findTextFault('node', node) ?? findTextFault('instanceId', instanceId);
  return fault ?? (tags === undefined ? undefined : findTextsFault('tags', tags));
}

function findSelectFault(select: unknown): ClusterError | undefined {
  if (typeof select === 'function' || (typeof select === 'string' && strategies.has(select))) return undefined;
  return optionError('select', `give one of ${[...strategies].join(', ')}, or a function`, select);
}

function findTextFault(option: string, value: unknown): ClusterError | undefined {
  return value === undefined || typeof value === 'string' ? undefined : optionError(option, 'give a text', value);
}
