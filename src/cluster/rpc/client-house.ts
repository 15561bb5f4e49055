import { ByteWriter } from '../../core/bytes.js';
import type { Clock } from '../../core/clock.js';
import { ClusterError } from '../../core/errors.js';
import { headersBytesMax, headersMax } from '../../core/limits.js';
import { utf8Length } from '../../core/text.js';
import type { TimerWheel } from '../../core/timer-wheel.js';
import type { RetryPolicy } from '../../protocol/rpc/retry-policy.js';
import type { Codec } from '../../spi/codec.js';
import type { Link } from '../../spi/links.js';
import type { Counter } from '../../spi/metrics.js';
import type { MethodKind } from '../../spi/rpc.js';
import { type CallHead, routesMax, writeCallMetadata } from './call-metadata.js';
import type { CallScope } from './call-scope.js';
import type { LinkValues } from './link-values.js';
import type { ActiveCall, CallLine } from './call-line.js';
import type { LiveList } from './live-list.js';
import type { ErrorOrigin } from '../../core/error-body.js';
import type { RpcServer } from './rpc-server.js';
import type { CallOptions, Select } from './service-types.js';
import type { Target } from './target.js';
import type { TargetPool } from './target-pool.js';
import type { TurnClock } from './turn-clock.js';

/** What every call of this node shares. */
export interface ClientHouse {
  readonly clock: Clock;
  /** The time for what happens by the thousands. */
  readonly turn: TurnClock;
  readonly scope: CallScope;
  readonly deadlines: TimerWheel;
  readonly server: RpcServer;
  readonly values: LinkValues;
  readonly routes: CallRoutes;
  /** Calls that are not settled; asked to end when the node stops. */
  readonly active: LiveList<ActiveCall>;
  readonly counters: ClientCounters;
  readonly origin: ErrorOrigin;
}

/** What calling costs and how it fails. */
export interface ClientCounters {
  readonly calls: Counter;
  readonly failed: Counter;
  readonly retries: Counter;
  readonly deadlines: Counter;
}

/** One method of one client. */
export interface ClientMethod {
  readonly service: string;
  readonly name: string;
  readonly kind: MethodKind;
  readonly idempotent: boolean;
  /** Of values between nodes, before a link is chosen; see `ClientHouse.values`. */
  readonly codec: Codec;
  readonly pool: TargetPool;
  readonly retry: RetryPolicy;
  readonly select: Select;
  readonly timeoutMs: number;
  /** The plan of a call that says nothing and inherits nothing. */
  readonly plain: CallPlan;
  readonly house: ClientHouse;
}

/** Deadline, depth and headers of one call, with what it inherits from the call that it is made in. */
export interface CallPlan {
  readonly options: CallOptions;
  /** Infinite without a deadline. */
  readonly timeoutMs: number;
  readonly depth: number;
  readonly headers: Readonly<Record<string, string>> | undefined;
  /** Where calls with this timeout stand; `undefined` for one that stands alone. */
  readonly line: CallLine | undefined;
}

/** Works out what a call inherits; returns an error when it cannot begin at all. */
export function planCall(method: ClientMethod, options: CallOptions, defaultMs: number): CallPlan | ClusterError {
  const outer = method.house.scope.current();
  if (outer === undefined && defaultMs === method.timeoutMs && saysNothing(method, options)) {
    return planOf(method, options);
  }
  const asked = options.timeoutMs ?? defaultMs;
  const timeoutMs = outer === undefined ? asked : Math.min(asked, outer.remainingMs());
  if (!(timeoutMs > 0)) {
    return new ClusterError('deadline-exceeded', `no time is left to call ${method.service}`, { ran: false });
  }
  if (options.signal?.aborted === true) {
    return new ClusterError('cancelled', 'the caller cancelled before it called', {
      cause: options.signal.reason,
      ran: false,
    });
  }
  const headers = method.house.scope.inject(options.headers);
  const wrong = headers === undefined ? undefined : findHeaderFault(headers);
  if (wrong !== undefined) return new ClusterError('too-large', wrong);
  const line = timeoutMs === method.timeoutMs ? method.plain.line : undefined;
  return { options, timeoutMs, depth: (outer?.depth ?? 0) + 1, headers, line };
}

function planOf({ plain }: ClientMethod, options: CallOptions): CallPlan {
  if (options === plain.options) return plain;
  const { timeoutMs, depth, headers, line } = plain;
  return { options, timeoutMs, depth, headers, line };
}

/** Says whether options change nothing about a call, and no trace is on. */
function saysNothing({ house }: ClientMethod, { timeoutMs, signal, headers }: CallOptions): boolean {
  if (timeoutMs !== undefined || signal !== undefined || headers !== undefined) return false;
  return house.scope.inject(undefined) === undefined;
}

/** The error of a call whose caller gave up. */
export function cancelledError(reason: unknown): ClusterError {
  return new ClusterError('cancelled', 'the caller cancelled', { cause: reason });
}

function findHeaderFault(headers: Readonly<Record<string, string>>): string | undefined {
  let bytes = 0;
  let count = 0;
  for (const [key, value] of Object.entries(headers)) {
    count += 1;
    bytes += utf8Length(key) + utf8Length(value);
  }
  if (count > headersMax) return `a call takes at most ${headersMax} headers, not ${count}`;
  return bytes > headersBytesMax ? `headers take ${bytes} bytes, at most ${headersBytesMax} may be` : undefined;
}

/** Writes where a call goes, and what travels with it, in the form that the other side of a link reads. */
export interface CallRoutes {
  /** Forgets a link that ended. */
  forget(link: Link): void;
  /** The metadata of one call to a target over its link. */
  write(target: Target, link: Link, method: ClientMethod, head: CallHead): Uint8Array;
}

/** Numbers the routes of each link and writes the metadata of calls. */
export class LinkRoutes implements CallRoutes {
  readonly #next = new Map<number, number>();
  readonly #writer = new ByteWriter(256);

  /** Forgets a link that ended. */
  forget(link: Link): void {
    this.#next.delete(link.id);
  }

  /** The metadata of one call to a target over its link. */
  write(target: Target, link: Link, method: ClientMethod, head: CallHead): Uint8Array {
    const route = target.route?.link === link ? target.route : this.#number(target, link);
    const isPlain = route.known && head.depth <= 1 && head.headers === undefined;
    const named = { service: method.service, instanceId: target.instanceId, method: method.name };
    const define = route.known && route.number > 0 ? undefined : named;
    writeCallMetadata(this.#writer, { number: route.number, define, version: link.peer.wireVersion }, head);
    const written = this.#writer.take();
    if (isPlain && define === undefined) {
      route.plain = written;
      route.plainRemainingMs = head.remainingMs;
    }
    return written;
  }

  #number(target: Target, link: Link): NonNullable<Target['route']> {
    const next = (this.#next.get(link.id) ?? 0) + 1;
    // Number 0 is never stored by the receiver: such a route is named by every call.
    const number = next > routesMax ? 0 : next;
    this.#next.set(link.id, next);
    target.route = { link, number, known: false, plainRemainingMs: -1, plain: undefined };
    return target.route;
  }
}
