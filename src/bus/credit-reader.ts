import { BoundedQueue } from '../core/bounded-queue.js';
import { ClusterError } from '../core/errors.js';
import type { CreditRequest, CreditSource } from '../reactive/credit-source.js';

/**
 * Reads a credit source as an async iterable: at most `aheadMax` values are asked for and not yet taken. It asks again when half of
 * them are taken, so that a cursor may read several at a time. The producer begins with the first `next`.
 */
export function readCredit(source: CreditSource<unknown>, aheadMax: number): AsyncIterable<unknown> {
  return { [Symbol.asyncIterator]: () => new CreditReader(source, aheadMax) };
}

class CreditReader implements AsyncIterator<unknown> {
  readonly #source: CreditSource<unknown>;
  readonly #abort = new AbortController();
  readonly #queue: BoundedQueue<unknown>;
  #listener: ((count: number) => void) | undefined;
  /** Values asked for that the producer has not sent. */
  #asked = 0;
  #hasBegun = false;
  #end: End | undefined;
  #wake: (() => void) | undefined;

  constructor(source: CreditSource<unknown>, aheadMax: number) {
    this.#source = source;
    this.#queue = new BoundedQueue(aheadMax);
  }

  async next(): Promise<IteratorResult<unknown>> {
    this.#begin();
    for (;;) {
      this.#askMore();
      if (this.#queue.size > 0) return { done: false, value: this.#queue.shift() };
      if (this.#end?.kind === 'failed') throw this.#end.error;
      if (this.#end !== undefined) return { done: true, value: undefined };
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Nobody wants more: the producer's signal is aborted. */
  return(): Promise<IteratorResult<unknown>> {
    this.#finish({ kind: 'complete' });
    this.#queue.clear();
    this.#abort.abort();
    return Promise.resolve({ done: true, value: undefined });
  }

  #begin(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    const request: CreditRequest<unknown> = {
      onCredit: (listener) => {
        this.#listener = listener;
        this.#askMore();
      },
      next: (item) => this.#take(item),
      complete: () => this.#finish({ kind: 'complete' }),
      fail: (error) => this.#finish({ kind: 'failed', error }),
      signal: this.#abort.signal,
    };
    this.#guard(() => this.#source.produce(request));
  }

  #askMore(): void {
    const listener = this.#listener;
    const more = this.#queue.max - this.#queue.size - this.#asked;
    if (listener === undefined || this.#end !== undefined || more * 2 < this.#queue.max) return;
    this.#asked += more;
    this.#guard(() => listener(more));
  }

  #take(item: unknown): void {
    if (this.#end !== undefined) return;
    if (this.#asked === 0) {
      this.#break(new ClusterError('overflow', 'a credit source sent a value that nobody asked for'));
      return;
    }
    this.#asked -= 1;
    this.#queue.push(item);
    this.#tell();
  }

  #guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#break(error);
    }
  }

  #break(error: unknown): void {
    this.#finish({ kind: 'failed', error });
    this.#abort.abort();
  }

  /** What was sent before is still taken. */
  #finish(end: End): void {
    this.#end ??= end;
    this.#tell();
  }

  #tell(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}

type End = { readonly kind: 'complete' } | { readonly kind: 'failed'; readonly error: unknown };
