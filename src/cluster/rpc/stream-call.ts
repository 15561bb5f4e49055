import { after, type MonotonicMs } from '../../core/clock.js';
import { ClusterError } from '../../core/errors.js';
import { emptyBytes } from '../../core/bytes.js';
import type { WheelEntry } from '../../core/timer-wheel.js';
import { type CallLeg, type LegFailure, type LegOwner, LinkLeg } from './call-leg.js';
import type { ActiveCall } from './call-line.js';
import { type CallPlan, cancelledError, type ClientMethod } from './client-house.js';
import { LocalLeg } from './local-leg.js';
import { findSizeFault } from './payload-size.js';
import { type Pump, type PumpTarget, startPump } from './pump.js';
import type { CallOptions } from './service-types.js';
import type { Target } from './target.js';

/** Who gets the items of one call. `ended` or `failed` comes once, and nothing after it. */
export interface ItemReceiver<T> {
  item(value: T): void;
  ended(): void;
  failed(error: ClusterError): void;
}

/** What one call with many items is. */
export interface StreamCallParts {
  readonly method: ClientMethod;
  /** The request of a stream, or the source of a channel. */
  readonly input: unknown;
  readonly options: CallOptions;
  readonly plan: CallPlan;
  /** Items that may come before more were asked for. */
  readonly credit: number;
}

/**
 * One call with many items: trying -> flowing -> ended. An attempt that certainly did not run is made elsewhere, as long as no
 * item came and, for a channel, nothing of its source was taken.
 */
export class StreamCall implements LegOwner, WheelEntry, PumpTarget, ActiveCall {
  readonly #parts: StreamCallParts;
  readonly #receiver: ItemReceiver<unknown>;
  readonly deadlineAt: MonotonicMs;
  wheelNext: WheelEntry | undefined;
  wheelPrevious: WheelEntry | undefined;
  wheelSlot = -1;
  wheelTick = 0;
  liveNext: ActiveCall | undefined;
  livePrevious: ActiveCall | undefined;
  isLive = false;
  #leg: CallLeg | undefined;
  #target: Target | undefined;
  #startedAt: MonotonicMs;
  #pump: Pump | undefined;
  #abort: AbortController | undefined;
  #excluded: readonly Target[] = [];
  #attempt = 0;
  #flowing = false;
  #ended = false;

  constructor(parts: StreamCallParts, receiver: ItemReceiver<unknown>) {
    this.#parts = parts;
    this.#receiver = receiver;
    this.#startedAt = parts.method.house.clock.now();
    this.deadlineAt = after(this.#startedAt, parts.plan.timeoutMs);
  }

  /** Opens it. */
  begin(): void {
    const { house, retry } = this.#parts.method;
    house.counters.calls.add();
    house.active.add(this);
    if (this.deadlineAt !== Number.POSITIVE_INFINITY) house.deadlines.set(this, this.deadlineAt);
    this.#parts.options.signal?.addEventListener('abort', this);
    retry.earn();
    this.#try();
  }

  /** The consumer wants so many more. */
  request(count: number): void {
    if (!this.#ended) this.#leg?.request(count);
  }

  /** The consumer wants no more. Nothing is told to it after this. */
  cancel(): void {
    if (this.#ended) return;
    const leg = this.#leg;
    this.#end(false);
    leg?.cancel(cancelledError(undefined));
  }

  get callCount(): number {
    return 1;
  }

  abandon(error: ClusterError): void {
    this.#giveUp(error, false);
  }

  /** The caller's signal was aborted. */
  handleEvent(): void {
    this.#giveUp(cancelledError(this.#parts.options.signal?.reason), false);
  }

  onDeadline(): void {
    const { service, name, house } = this.#parts.method;
    house.counters.deadlines.add();
    this.#giveUp(new ClusterError('deadline-exceeded', `${service}.${name} ran out of time`), false);
  }

  value(value: unknown): void {
    if (this.#ended) return;
    this.#flowing = true;
    this.#receiver.item(value);
  }

  ended(): void {
    if (this.#ended) return;
    this.#end(false);
    this.#receiver.ended();
  }

  failed(failure: LegFailure): void {
    if (this.#ended) return;
    this.#attemptFailed(failure);
  }

  credited(): void {
    if (this.#ended) return;
    if (this.#pump === undefined && this.#parts.method.kind === 'channel') this.#startPump();
    else this.#pump?.credited();
  }

  stopped(): void {
    this.#pump?.stop();
  }

  /** Credit for the caller's own items, as the pump sees it. */
  get credit(): number {
    return this.#ended ? 0 : (this.#leg?.credit ?? 0);
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#ended) this.#abort.abort();
    return this.#abort.signal;
  }

  item(value: unknown): void {
    this.#leg?.next(value);
  }

  complete(): void {
    this.#leg?.complete();
  }

  fail(cause: unknown): void {
    this.#giveUp(ClusterError.from(cause, 'handler-failed'), false);
  }

  dropped(): void {
    // The source's own policy; its caller asked for it.
  }

  check(value: unknown): unknown {
    return value;
  }

  #try(): void {
    const { method, options } = this.#parts;
    const now = method.house.turn.now();
    this.#attempt += 1;
    const target = method.pool.choose(options, options.select ?? method.select, now, this.#excluded);
    if (target instanceof ClusterError) {
      this.#attemptFailed({ error: target, notExecuted: true, peerFailed: false });
      return;
    }
    this.#target = target;
    this.#startedAt = now;
    target.begin(now);
    if (target.isLocal) this.#openHere(target);
    else this.#openThere(target);
  }

  #openThere(target: Target): void {
    const { method, input, credit } = this.#parts;
    const { house, kind } = method;
    const { link } = target;
    if (link === undefined) return this.#refused(target, 'down');
    const codec = house.values.codecFor(link, method.codec);
    let data = emptyBytes;
    try {
      if (kind === 'stream') data = codec.encode(input);
    } catch (cause) {
      const error = ClusterError.from(cause, 'invalid-value');
      this.#attemptFailed({ error, notExecuted: true, peerFailed: false });
      return;
    }
    const leg = new LinkLeg(this, codec, target.node, house.origin);
    const metadata = house.routes.write(target, link, method, this.#head());
    const error = findSizeFault(link, metadata, data);
    if (error !== undefined) return this.#attemptFailed({ error, notExecuted: true, peerFailed: false });
    const interaction = kind === 'channel' ? 'channel' : 'stream';
    const stream = link.open({ kind: 'rpc', interaction, metadata, data, credit }, leg);
    if (typeof stream === 'string') return this.#refused(target, stream);
    leg.stream = stream;
    this.#leg = leg;
  }

  #openHere(target: Target): void {
    const { method, input, credit } = this.#parts;
    const { house, kind, service, name } = method;
    const leg = new LocalLeg(this, credit, house.origin);
    const route = { service, instanceId: target.instanceId, method: name };
    const served = house.server.beginLocal({ route, kind, head: this.#head() }, leg.port);
    if (served instanceof ClusterError) {
      this.#attemptFailed({ error: served, notExecuted: true, peerFailed: false });
      return;
    }
    leg.served = served;
    this.#leg = leg;
    served.start(kind === 'stream' ? input : undefined);
  }

  #refused(target: Target, why: 'down' | 'full'): void {
    const code = why === 'full' ? 'overloaded' : 'not-executed';
    const error = new ClusterError(code, `the link to ${target.node} takes no call now`);
    this.#attemptFailed({ error, notExecuted: true, peerFailed: why === 'down' });
  }

  #head(): { remainingMs: number; depth: number; headers: CallPlan['headers'] } {
    const { timeoutMs, depth, headers } = this.#parts.plan;
    const left = this.deadlineAt - this.#parts.method.house.turn.now();
    return { remainingMs: timeoutMs === Number.POSITIVE_INFINITY ? 0 : Math.max(1, Math.ceil(left)), depth, headers };
  }

  #startPump(): void {
    this.#flowing = true;
    const pump = startPump(this.#parts.input, this);
    if (this.#ended) pump.stop();
    else this.#pump = pump;
  }

  #attemptFailed(failure: LegFailure): void {
    const { retry, idempotent, house } = this.#parts.method;
    const target = this.#target;
    this.#leaveTarget(failure.peerFailed);
    this.#leg = undefined;
    const { error, notExecuted } = failure;
    // An idempotent stream is not begun again after an item: the consumer would see the first ones twice.
    const mayRepeat = idempotent && !this.#flowing && this.#parts.method.kind === 'stream';
    const judged = { code: error.code, notExecuted, idempotent: mayRepeat, attempt: this.#attempt };
    const delayMs = this.#flowing ? undefined : retry.decide(judged);
    const retryAt = after(house.clock.now(), delayMs ?? 0);
    if (delayMs === undefined || retryAt >= this.deadlineAt) {
      this.#end(false);
      house.counters.failed.add();
      this.#receiver.failed(error);
      return;
    }
    house.counters.retries.add();
    if (target !== undefined) this.#excluded = [...this.#excluded, target];
    house.clock.setTimer(retryAt, () => {
      if (!this.#ended) this.#try();
    });
  }

  #giveUp(error: ClusterError, peerFailed: boolean): void {
    if (this.#ended) return;
    const leg = this.#leg;
    this.#end(peerFailed);
    leg?.cancel(error);
    this.#parts.method.house.counters.failed.add();
    this.#receiver.failed(error);
  }

  #leaveTarget(peerFailed: boolean): void {
    const target = this.#target;
    this.#target = undefined;
    target?.end(this.#parts.method.house.turn.now(), this.#startedAt, peerFailed);
  }

  #end(peerFailed: boolean): void {
    const { house } = this.#parts.method;
    this.#ended = true;
    this.#leaveTarget(peerFailed);
    this.#leg = undefined;
    house.active.delete(this);
    house.deadlines.cancel(this);
    this.#parts.options.signal?.removeEventListener('abort', this);
    this.#pump?.stop();
    this.#abort?.abort();
  }
}
