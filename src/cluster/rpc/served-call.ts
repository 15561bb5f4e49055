import type { Observable, Subscription } from 'rxjs';
import { isObservable } from 'rxjs/internal/util/isObservable';
import { after, type Clock, type MonotonicMs } from '../../core/clock.js';
import { ClusterError } from '../../core/errors.js';
import type { TimerWheel, WheelEntry } from '../../core/timer-wheel.js';
import type { CallHead } from './call-metadata.js';
import type { CallScope } from './call-scope.js';
import { CreditedQueue } from './credited-queue.js';
import type { Live, LiveList } from './live-list.js';
import { type Pump, type PumpTarget, startPump } from './pump.js';
import { checkValue, checkValueNow } from './schema-check.js';
import type { CallContext } from './service-types.js';
import type { ServedMethod } from './registration.js';
import type { TurnClock } from './turn-clock.js';

/** Where a served call comes from and its answers go: a stream of a link, or a caller in this process. */
export interface AnswerPort {
  /** The node that calls. */
  readonly caller: string;
  /** Items that may be sent now. */
  readonly credit: number;
  /** Sends one of many; throws `invalid-value` when the codec refuses it. */
  item(value: unknown): void;
  /** Sends the only answer; throws `invalid-value` when the codec refuses it. */
  answer(value: unknown): void;
  complete(): void;
  /** `ran` is false when no handler was entered. */
  fail(error: ClusterError, ran: boolean): void;
  /** Allows the caller so many more items of its own. */
  request(count: number): void;
}

/** Wraps every handler of a node. `next` runs the rest and gives what the handler gave. */
export type ServerInterceptor = (input: unknown, context: CallContext, next: (input: unknown) => unknown) => unknown;

/** What served calls share. */
export interface ServingHouse {
  readonly clock: Clock;
  /** The time for what happens by the thousands. */
  readonly turn: TurnClock;
  readonly scope: CallScope;
  readonly interceptors: readonly ServerInterceptor[];
  readonly deadlines: TimerWheel;
  readonly active: LiveList<ServedCall>;
  /** Items that a channel's caller may have on the way. */
  readonly inputWindow: number;
  dropped(count: number): void;
  /** A call ended; asked for by whoever waits for the last one. */
  ended(): void;
}

/**
 * One call on the serving side, whatever carried it: open -> ended, by the handler, by the caller's cancel, by the deadline, by
 * the loss of the link or by the stop of this node. The handler learns all but the first by `signal`.
 */
export class ServedCall implements CallContext, WheelEntry, PumpTarget, Live<ServedCall> {
  readonly #house: ServingHouse;
  readonly #method: ServedMethod;
  readonly #head: CallHead;
  readonly #port: AnswerPort;
  deadlineAt: MonotonicMs;
  wheelNext: WheelEntry | undefined;
  wheelPrevious: WheelEntry | undefined;
  wheelSlot = -1;
  wheelTick = 0;
  liveNext: ServedCall | undefined;
  livePrevious: ServedCall | undefined;
  isLive = false;
  #abort: AbortController | undefined;
  #abortReason: ClusterError | undefined;
  #input: CreditedQueue<unknown> | undefined;
  #pump: Pump | undefined;
  /** Of an Observable whose last item is the answer. */
  #source: Subscription | undefined;
  #entered = false;
  #ended = false;

  constructor(house: ServingHouse, method: ServedMethod, head: CallHead, port: AnswerPort) {
    this.#house = house;
    this.#method = method;
    this.#head = head;
    this.#port = port;
    const { remainingMs } = head;
    this.deadlineAt = after(house.turn.now(), remainingMs === 0 ? Number.POSITIVE_INFINITY : remainingMs);
  }

  get service(): string {
    return this.#method.service;
  }

  get method(): string {
    return this.#method.name;
  }

  get instanceId(): string {
    return this.#method.instanceId;
  }

  get headers(): Readonly<Record<string, string>> {
    return this.#head.headers ?? noHeaders;
  }

  get caller(): string {
    return this.#port.caller;
  }

  get depth(): number {
    return this.#head.depth;
  }

  /** Made when it is asked for: most handlers never do, and an AbortController costs more than the call. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#abortReason !== undefined && !this.#abort.signal.aborted) this.#abort.abort(this.#abortReason);
    return this.#abort.signal;
  }

  remainingMs(): number {
    return Math.max(0, this.deadlineAt - this.#house.clock.now());
  }

  get credit(): number {
    return this.#ended ? 0 : this.#port.credit;
  }

  /** Runs the handler. `input` is what was decoded: the value, or for a channel its first item. */
  start(input: unknown): void {
    if (this.#ended) return;
    this.#method.served.add();
    switch (this.#method.kind) {
      case 'call':
        this.#answer(input);
        return;
      case 'one-way':
        this.#outlive();
        void this.#takeMessage(input);
        return;
      case 'stream':
        this.#outlive();
        void this.#answerMany(input);
        return;
      case 'channel':
        this.#outlive();
        void this.#converse(input);
    }
  }

  /** One more item of a channel's caller. Returns false when it had no credit for it. */
  receive(value: unknown): boolean {
    if (this.#ended || this.#input === undefined) return true;
    const { input } = this.#method;
    try {
      return this.#input.push(input === undefined ? value : checkValueNow(input, value, 'input'));
    } catch (error) {
      this.fail(error);
      return true;
    }
  }

  /** The caller of a channel has no more. */
  receiveEnd(): void {
    this.#input?.end();
  }

  /** The caller gave credit. */
  credited(): void {
    if (!this.#ended) this.#pump?.credited();
  }

  /** Nobody waits any more: the caller cancelled, or the link is lost. Nothing is answered. */
  cancel(reason: ClusterError): void {
    if (this.#ended) return;
    this.#end(reason);
  }

  /** Ends the call from this side with an error for the caller. */
  refuse(error: ClusterError): void {
    if (this.#ended) return;
    this.#port.fail(error, this.#entered);
    this.#end(error);
  }

  onDeadline(): void {
    const { deadlines, turn } = this.#house;
    const staleMs = turn.staleMs(this.deadlineAt - this.#head.remainingMs);
    if (staleMs > 0) {
      // Handlers before this one, or a caller in this process, worked since the clock was read.
      this.deadlineAt = after(this.deadlineAt, staleMs);
      deadlines.set(this, this.deadlineAt);
      return;
    }
    this.refuse(new ClusterError('deadline-exceeded', `${this.service}.${this.method} ran out of time`));
  }

  item(value: unknown): void {
    if (!this.#ended) this.#port.item(value);
  }

  complete(): void {
    if (this.#ended) return;
    this.#port.complete();
    this.#end(undefined);
  }

  fail(error: unknown): void {
    if (this.#ended) return;
    this.#method.failed.add();
    this.#port.fail(ClusterError.from(error, this.#entered ? 'remote' : 'invalid-value'), this.#entered);
    this.#end(undefined);
  }

  dropped(count: number): void {
    this.#house.dropped(count);
  }

  check(value: unknown, mayWait: boolean): unknown {
    const { output } = this.#method;
    if (output === undefined) return value;
    return mayWait ? checkValue(output, value, 'output') : checkValueNow(output, value, 'output');
  }

  /** A call that can be answered at once is: without a promise, a timer or a turn of the microtask queue. */
  #answer(input: unknown): void {
    const { input: inputSchema, output: outputSchema } = this.#method;
    try {
      const checked = inputSchema === undefined ? input : checkValue(inputSchema, input, 'input');
      const isEntered = !isPending(checked);
      const result = isEntered ? this.#enter(checked) : checked;
      if (!isEntered || isPending(result) || outputSchema !== undefined) {
        this.#outlive();
        void this.#answerLater(result, isEntered);
        return;
      }
      this.#answerWith(result);
    } catch (error) {
      this.fail(error);
    }
  }

  async #answerLater(pending: unknown, isEntered: boolean): Promise<void> {
    try {
      const result = isEntered ? pending : this.#enter(await pending);
      const value = isObservable(result) ? await this.#lastOf(result) : await result;
      this.#answerWith(await this.check(value, true));
    } catch (error) {
      this.fail(error);
    }
  }

  /** The last item of a source, which is let go of when the call ends before it does; nobody waits for the promise then. */
  #lastOf(source: Observable<unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      let last: { readonly value: unknown } | undefined;
      const subscription = source.subscribe({
        next: (value) => {
          last = { value };
        },
        error: reject,
        complete: () => {
          if (last === undefined) reject(new ClusterError('handler-failed', 'the Observable ended without an item'));
          else resolve(last.value);
        },
      });
      if (this.#ended) subscription.unsubscribe();
      else this.#source = subscription;
    });
  }

  #answerWith(value: unknown): void {
    if (this.#ended) return;
    this.#port.answer(value);
    this.#end(undefined);
  }

  /** It goes on after this turn: it counts as running, and its deadline is watched. */
  #outlive(): void {
    if (this.#ended) return;
    this.#house.active.add(this);
    if (this.deadlineAt !== Number.POSITIVE_INFINITY) this.#house.deadlines.set(this, this.deadlineAt);
  }

  async #takeMessage(input: unknown): Promise<void> {
    try {
      await this.#enter(await this.#checkInput(input));
      this.complete();
    } catch (error) {
      this.fail(error);
    }
  }

  async #answerMany(input: unknown): Promise<void> {
    try {
      const source = await this.#enter(await this.#checkInput(input));
      if (!this.#ended) this.#startPump(source);
    } catch (error) {
      this.fail(error);
    }
  }

  async #converse(first: unknown): Promise<void> {
    const { inputWindow } = this.#house;
    const queue = new CreditedQueue<unknown>(inputWindow, {
      request: (count) => this.#port.request(count),
      cancel: () => undefined,
    });
    this.#input = queue;
    if (first !== undefined) this.receive(first);
    // The item that came with the request has its place in the queue too.
    this.#port.request(first === undefined ? inputWindow : inputWindow - 1);
    try {
      const source = await this.#enter(queue);
      if (!this.#ended) this.#startPump(source);
    } catch (error) {
      this.fail(error);
    }
  }

  #startPump(source: unknown): void {
    const pump = startPump(source, this);
    if (this.#ended) pump.stop();
    else this.#pump = pump;
  }

  #checkInput(input: unknown): unknown {
    const { input: schema } = this.#method;
    return schema === undefined ? input : checkValue(schema, input, 'input');
  }

  #enter(input: unknown): unknown {
    if (this.#ended) throw new ClusterError('cancelled', 'the call ended before its handler ran');
    const { handler } = this.#method;
    const { interceptors, scope } = this.#house;
    this.#entered = true;
    return scope.run(this, interceptors.length === 0 ? handler : intercepted(handler, interceptors), input);
  }

  #end(reason: ClusterError | undefined): void {
    this.#ended = true;
    this.#house.deadlines.cancel(this);
    this.#house.active.delete(this);
    this.#input?.end();
    this.#pump?.stop();
    this.#source?.unsubscribe();
    if (reason !== undefined) {
      this.#abortReason = reason;
      this.#abort?.abort(reason);
    }
    this.#house.ended();
  }
}

function intercepted(
  handler: ServedMethod['handler'],
  interceptors: readonly ServerInterceptor[],
): ServedMethod['handler'] {
  return (input, call) => {
    let next = (value: unknown): unknown => handler(value, call);
    for (const interceptor of interceptors.toReversed()) {
      const inner = next;
      next = (value) => interceptor(value, call, inner);
    }
    return next(input);
  };
}

/** Says whether a result must be waited for: a promise, anything else with `then`, or an Observable. */
function isPending(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return false;
  return ('then' in value && typeof value.then === 'function') || isObservable(value);
}

const noHeaders: Readonly<Record<string, string>> = Object.freeze({});
