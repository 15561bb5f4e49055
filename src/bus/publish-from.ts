import type { Observable } from 'rxjs';
import { ClusterError } from '../core/errors.js';
import { checkInteger, checkNumber, checkWord, optionError } from '../core/options.js';
import { BoundedQueue } from '../core/bounded-queue.js';
import type { OverflowPolicy, PublishOptions, Receipt } from '../spi/bus.js';
import type { CreditSource } from '../reactive/credit-source.js';
import { readCredit } from './credit-reader.js';
import { overflowPolicies, queueLimit } from './subscribe-options.js';

/** Where events may come from: pulled, asked for, or pushed. */
export type EventSource = AsyncIterable<unknown> | CreditSource<unknown> | Observable<unknown>;

/** How to publish from a source. */
export interface PublishFromOptions extends PublishOptions {
  /** What happens to an Observable's values while a `block` subscription has no room. `block` is refused for it. */
  readonly overflow?: OverflowPolicy;
  /**
   * Values of an Observable that wait, and values that a credit source is asked for before there is room for them.
   * @defaultValue 1024; 64 of a credit source
   */
  readonly queueMax?: number;
}

/** What was published from a source. */
export interface PublishFromReport {
  readonly published: number;
  /** Values that the source's own policy dropped before they were published. */
  readonly droppedAtSource: number;
  /** The receipts, added up. */
  readonly receipt: Receipt;
}

/** What `publishFrom` does its work with. */
export interface PublishFromTarget {
  publish(value: unknown): Receipt;
  hasRoom(): boolean;
  whenRoom(run: () => void): void;
}

/** Publishes all of a source; see `EventBus.publishFrom`. */
export async function publishFrom(
  target: PublishFromTarget,
  source: EventSource,
  options: PublishFromOptions,
): Promise<PublishFromReport> {
  const sums = { published: 0, local: 0, nodes: 0, groups: 0, dropped: 0 };
  const take = (value: unknown): void => {
    const receipt = target.publish(value);
    sums.published += 1;
    sums.local += receipt.local;
    sums.nodes += receipt.nodes;
    sums.groups += receipt.groups;
    sums.dropped += receipt.dropped;
  };
  checkSource(source);
  const droppedAtSource = isPulled(source)
    ? await pull(target, toAsyncIterable(source, options), take)
    : await push(target, source, options, take);
  const { published, ...receipt } = sums;
  return { published, droppedAtSource, receipt };
}

async function pull(
  target: PublishFromTarget,
  source: AsyncIterable<unknown>,
  take: (value: unknown) => void,
): Promise<number> {
  await room(target);
  for await (const value of source) {
    // `publish` may have filled the last place of several; the next value is not asked for before there is one again.
    take(value);
    await room(target);
  }
  return 0;
}

async function room(target: PublishFromTarget): Promise<void> {
  while (!target.hasRoom()) {
    await new Promise<void>((resolve) => {
      target.whenRoom(resolve);
    });
  }
}

function push(
  target: PublishFromTarget,
  source: Observable<unknown>,
  options: PublishFromOptions,
  take: (value: unknown) => void,
): Promise<number> {
  const overflow = options.overflow ?? 'error';
  checkWord('overflow', overflow, overflowPolicies);
  if (overflow === 'block') {
    throw new ClusterError('invalid-options', 'overflow: an Observable cannot be slowed; give an AsyncIterable');
  }
  const queueMax = overflow === 'latest' ? 1 : (options.queueMax ?? 1024);
  checkNumber('queueMax', queueMax, 1, queueLimit);
  return new Promise((resolve, reject) => {
    new PushedSource({ target, take, resolve, reject }, overflow, queueMax).follow(source);
  });
}

interface PushedSourceDeps {
  readonly target: PublishFromTarget;
  readonly take: (value: unknown) => void;
  readonly resolve: (dropped: number) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Publishes what an Observable gives. RxJS calls it, and subscriptions that have room again: neither may see an error of the
 * publishing, such as a bus that has stopped. It ends the following and is the caller's.
 */
class PushedSource {
  readonly #deps: PushedSourceDeps;
  readonly #overflow: OverflowPolicy;
  readonly #queue: BoundedQueue<unknown>;
  #subscription: { unsubscribe(): void } | undefined;
  #dropped = 0;
  #isWaiting = false;
  #isComplete = false;
  #hasFailed = false;

  constructor(deps: PushedSourceDeps, overflow: OverflowPolicy, queueMax: number) {
    this.#deps = deps;
    this.#overflow = overflow;
    this.#queue = new BoundedQueue(queueMax);
  }

  follow(source: Observable<unknown>): void {
    this.#subscription = source.subscribe({
      next: (value) => this.#guard(() => this.#accept(value)),
      error: (error: unknown) => this.#deps.reject(error),
      complete: () => {
        this.#isComplete = true;
        if (this.#queue.size === 0) this.#deps.resolve(this.#dropped);
      },
    });
    // A source that emits inside `subscribe` may have failed before there was anything to unsubscribe.
    if (this.#hasFailed) this.#subscription.unsubscribe();
  }

  #guard(run: () => void): void {
    if (this.#hasFailed) return;
    try {
      run();
    } catch (error) {
      this.#hasFailed = true;
      this.#subscription?.unsubscribe();
      this.#deps.reject(error);
    }
  }

  #accept(value: unknown): void {
    const queue = this.#queue;
    if (queue.size === 0 && this.#deps.target.hasRoom()) {
      this.#deps.take(value);
      return;
    }
    if (queue.size >= queue.max) {
      this.#dropped += 1;
      if (this.#overflow === 'error') {
        throw new ClusterError('overflow', `more than ${queue.max} values of the source wait`);
      }
      if (this.#overflow === 'drop-newest') return;
      queue.shift();
    }
    queue.push(value);
    this.#wait();
  }

  #wait(): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    this.#deps.target.whenRoom(() => this.#guard(() => this.#drain()));
  }

  #drain(): void {
    this.#isWaiting = false;
    const { target, take, resolve } = this.#deps;
    while (this.#queue.size > 0 && target.hasRoom()) take(this.#queue.shift());
    if (this.#queue.size > 0) this.#wait();
    else if (this.#isComplete) resolve(this.#dropped);
  }
}

/** An array needs no pace of its own, so it is pointed to what takes one. */
function checkSource(source: unknown): void {
  if (typeof source === 'object' && source !== null) {
    if (Symbol.asyncIterator in source) return;
    if ('subscribe' in source && typeof source.subscribe === 'function') return;
    if (isCredit(source)) return;
  }
  throw optionError(
    'source',
    'give an AsyncIterable or an Observable or what fromCredit makes (publishMany takes arrays)',
    source,
  );
}

type PulledSource = AsyncIterable<unknown> | CreditSource<unknown>;

function isPulled(source: EventSource): source is PulledSource {
  return isAsyncIterable(source) || isCredit(source);
}

function toAsyncIterable(source: PulledSource, { queueMax = 64 }: PublishFromOptions): AsyncIterable<unknown> {
  if (isAsyncIterable(source)) return source;
  checkInteger('queueMax', queueMax, 1, queueLimit);
  return readCredit(source, queueMax);
}

function isAsyncIterable(source: EventSource): source is AsyncIterable<unknown> {
  return Symbol.asyncIterator in source;
}

function isCredit(source: object): source is CreditSource<unknown> {
  return 'kind' in source && source.kind === 'credit' && 'produce' in source && typeof source.produce === 'function';
}
