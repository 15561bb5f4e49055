import type { Observable } from 'rxjs';
import { ClusterError } from '../core/errors.js';
import { BoundedQueue } from '../core/bounded-queue.js';
import type { OverflowPolicy, PublishOptions, Receipt } from '../spi/bus.js';

/** Where events may come from: pulled, or pushed. */
export type EventSource = AsyncIterable<unknown> | Observable<unknown>;

/** How to publish from a source. */
export interface PublishFromOptions extends PublishOptions {
  /** What happens to an Observable's values while a `block` subscription has no room. `block` is refused for it. */
  readonly overflow?: OverflowPolicy;
  /** Values of an Observable that wait. @defaultValue 1024 */
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
  const droppedAtSource = isAsyncIterable(source)
    ? await pull(target, source, take)
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
  if (overflow === 'block') {
    throw new ClusterError('invalid-options', 'overflow: an Observable cannot be slowed; give an AsyncIterable');
  }
  return new Promise((resolve, reject) => {
    const queue = new BoundedQueue<unknown>(overflow === 'latest' ? 1 : (options.queueMax ?? 1024));
    let dropped = 0;
    let waiting = false;
    let completed = false;
    let subscription: { unsubscribe(): void } | undefined;
    let failed = false;
    const drain = (): void => {
      waiting = false;
      while (queue.size > 0 && target.hasRoom()) take(queue.shift());
      if (queue.size > 0) wait();
      else if (completed) resolve(dropped);
    };
    const wait = (): void => {
      if (waiting) return;
      waiting = true;
      target.whenRoom(drain);
    };
    subscription = source.subscribe({
      next: (value) => {
        if (failed) return;
        if (queue.size === 0 && target.hasRoom()) {
          take(value);
          return;
        }
        if (queue.size >= queue.max) {
          dropped += 1;
          if (overflow === 'error') {
            // A source that emits inside `subscribe` has no subscription yet; the flag silences it.
            failed = true;
            subscription?.unsubscribe();
            reject(new ClusterError('overflow', `more than ${queue.max} values of the source wait`));
            return;
          }
          if (overflow === 'drop-newest') return;
          queue.shift();
        }
        queue.push(value);
        wait();
      },
      error: reject,
      complete: () => {
        completed = true;
        if (queue.size === 0) resolve(dropped);
      },
    });
  });
}

function isAsyncIterable(source: EventSource): source is AsyncIterable<unknown> {
  return Symbol.asyncIterator in source;
}
