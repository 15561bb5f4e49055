import type { Observable, Subscription } from 'rxjs';
import type { CreditRequest, CreditSource } from '../../reactive/credit-source.js';
import { isObservable } from 'rxjs/internal/util/isObservable';
import { BoundedQueue } from '../../core/bounded-queue.js';
import { ClusterError } from '../../core/errors.js';
import { describeGiven, optionError } from '../../core/options.js';
import { type LossyPolicy, type LossySource, observableQueueMax, withOverflow } from './sources.js';

/** Where a pump sends. None of the methods reenters the pump. */
export interface PumpTarget {
  /** Items that may be sent now. */
  readonly credit: number;
  /** Sends one; may throw what is wrong with the item. */
  item(value: unknown): void;
  complete(): void;
  fail(error: unknown): void;
  /** A lossy policy dropped items. */
  dropped(count: number): void;
  /** Checks an item; an iterable's may be a promise. Throws `invalid-value`. */
  check(value: unknown, mayWait: boolean): unknown;
  /** Aborted when nobody wants the items any more. */
  readonly signal: AbortSignal;
}

/** Moves items from a source to a target, never faster than the target's credit. */
export interface Pump {
  /** Credit came. */
  credited(): void;
  /** Nobody wants more; the source is told. Nothing is sent after it. */
  stop(): void;
}

/** Starts to move. Anything that is no source fails the target with `handler-failed`. */
export function startPump(source: unknown, target: PumpTarget): Pump {
  if (isKind<CreditSource<unknown>>(source, 'credit')) return new CreditPump(source, target);
  if (isKind<LossySource<unknown>>(source, 'lossy')) return new LossyPump(source, target);
  if (isObservable(source)) return new LossyPump(withOverflow(source, 'error', observableQueueMax), target);
  const iterator = findIterator(source);
  if (iterator !== undefined) return new IteratorPump(iterator, target);
  const text = `many items come as ${sourceKinds}, not as ${describeGiven(source)}`;
  target.fail(new ClusterError('handler-failed', text));
  return stoppedPump;
}

/** What is wrong with the items that somebody wants to send. */
export function findSourceFault(option: string, source: unknown): ClusterError | undefined {
  const isTagged = isKind<CreditSource<unknown>>(source, 'credit') || isKind<LossySource<unknown>>(source, 'lossy');
  if (isTagged || isObservable(source) || isAsyncIterable(source) || isIterable(source)) return undefined;
  return optionError(option, `give ${sourceKinds}`, source);
}

/** A text is none: whoever gives one means one item. */
const sourceKinds = 'an iterable such as an array, an async iterable, fromCredit() or an Observable';

const stoppedPump: Pump = { credited: () => undefined, stop: () => undefined };

/** Pulls an iterator one item at a time; each pull waits for credit. */
class IteratorPump implements Pump {
  readonly #iterator: AsyncIterator<unknown> | Iterator<unknown>;
  readonly #target: PumpTarget;
  #wake: (() => void) | undefined;
  #stopped = false;

  constructor(iterator: AsyncIterator<unknown> | Iterator<unknown>, target: PumpTarget) {
    this.#iterator = iterator;
    this.#target = target;
    void this.#run();
  }

  credited(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.credited();
    this.#release();
  }

  async #run(): Promise<void> {
    try {
      for (;;) {
        if (!(await this.#hasCredit())) return;
        const next = await this.#iterator.next();
        if (this.#isStopped()) return;
        if (next.done === true) {
          this.#stopped = true;
          this.#target.complete();
          return;
        }
        const item = await this.#target.check(next.value, true);
        // The link may have filled up meanwhile; the item waits here, not in a queue.
        if (!(await this.#hasCredit())) return;
        this.#target.item(item);
      }
    } catch (error) {
      if (this.#isStopped()) return;
      this.#stopped = true;
      this.#target.fail(error);
      this.#release();
    }
  }

  async #hasCredit(): Promise<boolean> {
    while (!this.#stopped && this.#target.credit === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return !this.#stopped;
  }

  #isStopped(): boolean {
    return this.#stopped;
  }

  /** Lets the source clean up. What it throws while it does is nobody's any more. */
  #release(): void {
    try {
      Promise.resolve(this.#iterator.return?.()).catch(() => undefined);
    } catch {
      // As above, for an iterator that throws at once.
    }
  }
}

/** Tells a producer how much more is wanted, and holds it to that. */
class CreditPump implements Pump, CreditRequest<unknown> {
  readonly #target: PumpTarget;
  /** Items that were asked for and sent, when the link filled up in between. At most as many as were asked for. */
  readonly #waiting: unknown[] = [];
  /** Items asked for that the producer has not sent. */
  #asked = 0;
  #listener: ((count: number) => void) | undefined;
  #stopped = false;
  #completed = false;

  constructor(source: CreditSource<unknown>, target: PumpTarget) {
    this.#target = target;
    try {
      source.produce(this);
    } catch (error) {
      this.fail(error);
    }
  }

  get signal(): AbortSignal {
    return this.#target.signal;
  }

  onCredit(listener: (count: number) => void): void {
    this.#listener = listener;
    this.credited();
  }

  credited(): void {
    while (!this.#stopped && this.#waiting.length > 0 && this.#target.credit > 0) this.#send(this.#waiting.shift());
    if (this.#stopped) return;
    if (this.#completed && this.#waiting.length === 0) {
      this.#finish();
      return;
    }
    const more = this.#target.credit - this.#asked;
    if (more <= 0 || this.#completed || this.#listener === undefined) return;
    this.#asked += more;
    try {
      this.#listener(more);
    } catch (error) {
      this.fail(error);
    }
  }

  next(item: unknown): void {
    if (this.#stopped || this.#completed) return;
    if (this.#asked <= 0) {
      this.fail(new ClusterError('overflow', 'a credit source sent an item that nobody asked for'));
      return;
    }
    this.#asked -= 1;
    if (this.#waiting.length === 0 && this.#target.credit > 0) this.#send(item);
    else this.#waiting.push(item);
  }

  complete(): void {
    this.#completed = true;
    if (!this.#stopped && this.#waiting.length === 0) this.#finish();
  }

  fail(error: unknown): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#target.fail(error);
  }

  stop(): void {
    this.#stopped = true;
    this.#waiting.length = 0;
  }

  #finish(): void {
    this.#stopped = true;
    this.#target.complete();
  }

  #send(item: unknown): void {
    try {
      this.#target.item(this.#target.check(item, false));
    } catch (error) {
      this.fail(error);
    }
  }
}

/** Takes what cannot be slowed into a bounded queue. */
class LossyPump implements Pump {
  readonly #target: PumpTarget;
  readonly #policy: LossyPolicy;
  readonly #queue: BoundedQueue<unknown>;
  readonly #subscription: Subscription | undefined;
  #completed = false;
  #stopped = false;

  constructor(lossy: LossySource<unknown>, target: PumpTarget) {
    this.#target = target;
    this.#policy = lossy.policy;
    this.#queue = new BoundedQueue(lossy.policy === 'latest' ? 1 : lossy.queueMax);
    this.#subscription = this.#subscribe(lossy.source);
    // A source that ended while it was subscribed to left nothing to unsubscribe from.
    if (this.#stopped) this.#subscription.unsubscribe();
  }

  credited(): void {
    while (!this.#stopped && this.#queue.size > 0 && this.#target.credit > 0) this.#send(this.#queue.shift());
    if (!this.#stopped && this.#completed && this.#queue.size === 0) {
      this.#stopped = true;
      this.#target.complete();
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#queue.clear();
    this.#subscription?.unsubscribe();
  }

  #subscribe(source: Observable<unknown>): Subscription {
    return source.subscribe({
      next: (item) => this.#take(item),
      error: (error: unknown) => this.#fail(error),
      complete: () => {
        this.#completed = true;
        this.credited();
      },
    });
  }

  #take(item: unknown): void {
    if (this.#stopped) return;
    if (this.#queue.size === 0 && this.#target.credit > 0) this.#send(item);
    else if (!this.#queue.push(item)) this.#overflow(item);
  }

  #overflow(item: unknown): void {
    switch (this.#policy) {
      case 'drop-newest':
        break;
      case 'drop-oldest':
      case 'latest':
        this.#queue.shift();
        this.#queue.push(item);
        break;
      case 'error':
        this.#fail(new ClusterError('overflow', `more than ${this.#queue.max} items wait for a slow consumer`));
        return;
    }
    this.#target.dropped(1);
  }

  #send(item: unknown): void {
    try {
      this.#target.item(this.#target.check(item, false));
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (this.#stopped) return;
    this.stop();
    this.#target.fail(error);
  }
}

function isKind<T extends { readonly kind: string }>(value: unknown, kind: T['kind']): value is T {
  return isObject(value) && 'kind' in value && value.kind === kind;
}

function findIterator(source: unknown): AsyncIterator<unknown> | Iterator<unknown> | undefined {
  if (isAsyncIterable(source)) return source[Symbol.asyncIterator]();
  return isIterable(source) ? source[Symbol.iterator]() : undefined;
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return isObject(value) && Symbol.asyncIterator in value && typeof value[Symbol.asyncIterator] === 'function';
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return isObject(value) && Symbol.iterator in value && typeof value[Symbol.iterator] === 'function';
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
