/**
 * Every operating error has one of these codes; programs switch on the code, people read the message.
 *
 * For each: who causes it; *ran* says whether the work may have been carried out; *retry* says what to do.
 *
 * - `invalid-options`: the embedding program; did not run; fix the named option.
 * - `address-in-use`: the machine; did not run; take another port or stop the other program.
 * - `insecure-address`: the embedding program; did not run; give a key, TLS or `insecure: true`.
 * - `name-taken`: another live node of this name; did not run; take another name.
 * - `join-failed`: no seed answered in time; did not run; check the seeds. The node goes on trying where the option says so.
 * - `not-started`: the embedding program; did not run; start first.
 * - `stopped`: the embedding program; *may have run* if it was in flight when this node stopped; do not use it after stop.
 * - `invalid-topic`: the caller; did not run; the message says what is wrong with the topic or pattern.
 * - `invalid-value`: the caller; did not run; the value is not data, or a schema refused it: details list the paths.
 * - `too-large`: the caller; did not run; a limit in options, named in the message. With `ran`: the answer is what is too large.
 * - `group-conflict`: a subscription of the same group with another strategy, or lossless beside others; did not run; agree on one.
 * - `no-responders`: nobody serves it now; did not run; retry later or not at all.
 * - `not-found`: the named node, service, method or instance does not exist here; did not run; retry after discovery.
 * - `incompatible`: the other side has another contract or wire version; did not run; upgrade one side.
 * - `unavailable`: the peer cannot be reached or refuses work for now; did not run; retry elsewhere.
 * - `overloaded`: a bounded queue, bulkhead, breaker or limit is full; did not run; retry later with back-off.
 * - `not-executed`: the peer said, or the link proves, that it did not start; did not run; safe to retry whatever the method.
 * - `link-lost`: the link ended while work was in flight; *may have run*; retry only what is idempotent.
 * - `deadline-exceeded`: time is up; *may have run*; retry only what is idempotent and has time left.
 * - `cancelled`: the caller; *may have run*; do not retry.
 * - `unauthorized`: key, certificate or ACL refused; did not run; do not retry without other credentials.
 * - `rejected`: the peer refuses this link or stream for a stated reason; did not run; see the message.
 * - `protocol`: the peer broke the protocol; *may have run*; the link is closed; report it.
 * - `remote`: the handler of the other side failed; *ran*; details carry what it said.
 * - `handler-failed`: a handler in this process failed; *ran*.
 * - `call-depth`: the chain of calls is deeper than the limit; did not run; there is a loop.
 * - `gap`: events were lost before this point and the subscription asked to fail for it.
 * - `overflow`: a subscription or an Observable with overflow `error` was too slow; *ran*; what comes from here on is lost.
 * - `quorum-lost`: too few of the known members are reachable for what was asked; did not run; retry after healing.
 * - `internal`: a fault of ours; *may have run*; report it.
 */
export type ErrorCode =
  | 'invalid-options'
  | 'address-in-use'
  | 'insecure-address'
  | 'name-taken'
  | 'join-failed'
  | 'not-started'
  | 'stopped'
  | 'invalid-topic'
  | 'invalid-value'
  | 'too-large'
  | 'group-conflict'
  | 'no-responders'
  | 'not-found'
  | 'incompatible'
  | 'unavailable'
  | 'overloaded'
  | 'not-executed'
  | 'link-lost'
  | 'deadline-exceeded'
  | 'cancelled'
  | 'unauthorized'
  | 'rejected'
  | 'protocol'
  | 'remote'
  | 'handler-failed'
  | 'call-depth'
  | 'gap'
  | 'overflow'
  | 'quorum-lost'
  | 'internal';

/** What an error may carry beside its code and message. */
export interface ErrorContext {
  /** What it was caused by; kept, never flattened into the message. */
  readonly cause?: unknown;
  /** Plain data for programs: paths that a schema refused, limits, node names. Crosses links. */
  readonly details?: unknown;
  /** The node where it happened, when that is not this one. */
  readonly node?: string;
  /** Whether a handler was entered, when that is known; else the code says whether it may have been. */
  readonly ran?: boolean;
}

/** The one error class. The message reads `[code] what happened, with the values`. */
export class ClusterError extends Error {
  readonly code: ErrorCode;
  // Declared only: what nobody set is not printed.
  declare readonly details: unknown;
  declare readonly node: string | undefined;
  /** Whether a handler was entered, where the other side said so: a handler may fail with any code. */
  declare readonly ran: boolean | undefined;

  constructor(code: ErrorCode, message: string, context: ErrorContext = {}) {
    super(`[${code}] ${message}`, context.cause === undefined ? undefined : { cause: context.cause });
    this.name = 'ClusterError';
    this.code = code;
    if (context.details !== undefined) this.details = context.details;
    if (context.node !== undefined) this.node = context.node;
    if (context.ran !== undefined) this.ran = context.ran;
  }

  /** Returns `cause` itself when it already is one, else wraps it once, keeping it as the cause. */
  static from(cause: unknown, code: ErrorCode): ClusterError {
    return toClusterError(cause, code);
  }
}

/** Outside the class: where its body names the class, a bundler renames it, and that name is what Node prints of an error. */
function toClusterError(cause: unknown, code: ErrorCode): ClusterError {
  if (cause instanceof ClusterError) return cause;
  return new ClusterError(code, toMessage(cause), { cause });
}

function toMessage(cause: unknown): string {
  try {
    return String(cause instanceof Error ? cause.message : cause);
  } catch {
    // An object without `toString`, say one of a parser of queries: whoever threw it must not bring down who reports it.
    return 'something without a text was thrown';
  }
}

/** The message of an error without the code in front, to be told under a code again. */
export function withoutCode(message: string): string {
  return message.replace(/^\[[a-z-]+\] /, '');
}

/** Says whether the work that failed so may have been carried out: by what the other side said of it, else by the code. */
export function mayHaveRun(failure: ErrorCode | ClusterError): boolean {
  if (typeof failure === 'string') return mayHaveRunCodes.has(failure);
  return failure.ran ?? mayHaveRunCodes.has(failure.code);
}

const mayHaveRunCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'link-lost',
  'deadline-exceeded',
  'cancelled',
  'protocol',
  'remote',
  'handler-failed',
  'stopped',
  'overflow',
  'internal',
]);

/** Narrows a word from the wire to a code of this build's list; a later build may send others. */
export function isErrorCode(word: string): word is ErrorCode {
  return allCodes.has(word);
}

const allCodes: ReadonlySet<string> = new Set<ErrorCode>([
  'invalid-options',
  'address-in-use',
  'insecure-address',
  'name-taken',
  'join-failed',
  'not-started',
  'stopped',
  'invalid-topic',
  'invalid-value',
  'too-large',
  'group-conflict',
  'no-responders',
  'not-found',
  'incompatible',
  'unavailable',
  'overloaded',
  'not-executed',
  'link-lost',
  'deadline-exceeded',
  'cancelled',
  'unauthorized',
  'rejected',
  'protocol',
  'remote',
  'handler-failed',
  'call-depth',
  'gap',
  'overflow',
  'quorum-lost',
  'internal',
]);
