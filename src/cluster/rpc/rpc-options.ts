import { ClusterError } from '../../core/errors.js';
import { type BreakerOptions, breakerDefaults } from '../../protocol/rpc/breaker.js';
import { retryDefaults, type RetryOptions } from '../../protocol/rpc/retry-policy.js';
import type { ClientInterceptor } from './client-builder.js';
import type { ServerInterceptor } from './served-call.js';
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

function checkAll(options: ResolvedRpcOptions): void {
  for (const name of ['timeoutMs', 'servedMax', 'inFlightMax', 'depthMax', 'inputCredit'] as const) {
    check(name, options[name], 1);
  }
  for (const [name, value] of Object.entries(options.breaker)) check(`breaker.${name}`, value, 0);
  for (const [name, value] of Object.entries(options.retry)) {
    check(`retry.${name}`, value, name === 'attemptsMax' ? 1 : 0);
  }
}

/** A bound that is no number would bound nothing, and a time without end is none that a peer can be told. */
function check(option: string, value: unknown, least: number): void {
  if (typeof value === 'number' && value >= least && value <= Number.MAX_SAFE_INTEGER) return;
  const given = typeof value === 'number' ? String(value) : typeof value;
  throw new ClusterError('invalid-options', `option rpc.${option} is ${given}: give a number of at least ${least}`);
}
