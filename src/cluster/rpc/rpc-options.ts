import { checkFlag, checkFunction, checkNumber, checkOptionNames, optionError } from '../../core/options.js';
import { type BreakerOptions, breakerDefaults } from '../../protocol/rpc/breaker.js';
import { retryDefaults, type RetryOptions } from '../../protocol/rpc/retry-policy.js';
import type { ClientInterceptor } from './client-builder.js';
import type { ServerInterceptor } from './served-call.js';
import { checkNumbers, checkRetry, checkSelect } from './call-options.js';
import type { Select } from './service-types.js';

/** How the calls of a node behave. */
export interface RpcOptions {
  /** How long a call may take that says nothing itself. Raising it keeps callers of a dead handler waiting longer. @defaultValue 10000 */
  readonly timeoutMs?: number;
  /** How an instance is chosen. @defaultValue 'local-first' */
  readonly select?: Select;
  /** Send `error.stack` of handlers to callers. @defaultValue false */
  readonly exposeStacks?: boolean;
  /** Carry W3C trace context and baggage. @defaultValue true */
  readonly tracing?: boolean;
  /**
   * Calls inside a handler inherit its deadline and depth, and `current()` knows the call. It costs every promise of the process
   * some time on Node 20, so `'lazy'` begins with the node's first client, or first `current()`: only a handler that comes to either
   * behind an `await`, as the first of its node, finds nothing. `true` begins with the first call. With `false` pass on
   * `context.remainingMs()` yourself. @defaultValue 'lazy'
   */
  readonly inheritance?: boolean | 'lazy';
  /** Calls that this node serves at once; more are refused as not executed. @defaultValue 65536 */
  readonly servedMax?: number;
  /** Unanswered calls of this node at one method of one instance; more fail as overloaded. @defaultValue 16384 */
  readonly inFlightMax?: number;
  /** Calls that may lead to one call; a loop ends there. @defaultValue 64 */
  readonly depthMax?: number;
  /** Items that a channel's caller may have on the way to a handler. @defaultValue 64 */
  readonly inputCredit?: number;
  /** @defaultValue `breakerDefaults` */
  readonly breaker?: Partial<BreakerOptions>;
  /** @defaultValue `retryDefaults` */
  readonly retry?: Partial<RetryOptions>;
  /** Around every handler; the first is the outermost. @defaultValue none */
  readonly serverInterceptors?: readonly ServerInterceptor[];
  /** Around every call; the first is the outermost. @defaultValue none */
  readonly clientInterceptors?: readonly ClientInterceptor[];
}

/** All options, present and checked. */
export interface ResolvedRpcOptions extends Required<Omit<RpcOptions, 'breaker' | 'retry'>> {
  readonly breaker: BreakerOptions;
  readonly retry: RetryOptions;
}

/** Applies the defaults; throws `invalid-options` for a value that cannot work. */
export function resolveRpcOptions(options: RpcOptions): ResolvedRpcOptions {
  checkGiven(options);
  const resolved = {
    timeoutMs: options.timeoutMs ?? 10_000,
    select: options.select ?? ('local-first' as const),
    exposeStacks: options.exposeStacks ?? false,
    tracing: options.tracing ?? true,
    inheritance: options.inheritance ?? ('lazy' as const),
    servedMax: options.servedMax ?? 65_536,
    inFlightMax: options.inFlightMax ?? 16_384,
    depthMax: options.depthMax ?? 64,
    inputCredit: options.inputCredit ?? 64,
    breaker: { ...breakerDefaults, ...options.breaker },
    retry: { ...retryDefaults, ...options.retry },
    serverInterceptors: options.serverInterceptors ?? [],
    clientInterceptors: options.clientInterceptors ?? [],
  };
  checkAll(resolved);
  return resolved;
}

function checkGiven(options: RpcOptions): void {
  checkOptionNames(options, optionNames, 'rpc');
  if (options.breaker !== undefined) checkNumbers('rpc.breaker', options.breaker, breakerDefaults);
  if (options.retry !== undefined) checkRetry('rpc.retry', options.retry);
}

function checkAll(options: ResolvedRpcOptions): void {
  // A bound that is no number would bound nothing, and a time without end is none that a peer can be told.
  for (const name of ['timeoutMs', 'servedMax', 'inFlightMax', 'depthMax', 'inputCredit'] as const) {
    checkNumber(`rpc.${name}`, options[name], 1, Number.MAX_SAFE_INTEGER);
  }
  checkSelect(options.select);
  checkFlag('rpc.exposeStacks', options.exposeStacks);
  checkFlag('rpc.tracing', options.tracing);
  if (options.inheritance !== 'lazy') checkFlag('rpc.inheritance', options.inheritance);
  checkInterceptors('rpc.serverInterceptors', options.serverInterceptors);
  checkInterceptors('rpc.clientInterceptors', options.clientInterceptors);
}

function checkInterceptors(option: string, interceptors: unknown): void {
  if (!Array.isArray(interceptors)) throw optionError(option, 'give a list of functions', interceptors);
  for (const interceptor of interceptors) checkFunction(option, interceptor);
}

const optionNames: ReadonlySet<string> = new Set<keyof RpcOptions>([
  'timeoutMs',
  'select',
  'exposeStacks',
  'tracing',
  'inheritance',
  'servedMax',
  'inFlightMax',
  'depthMax',
  'inputCredit',
  'breaker',
  'retry',
  'serverInterceptors',
  'clientInterceptors',
]);
