import { BoundedQueue } from '../../core/bounded-queue.js';
import { ClusterError } from '../../core/errors.js';

/** Where a queue returns credit to, and says that nobody reads any more. */
export interface CreditReturn {
  request(count: number): void;
  cancel(): void;
}

/**
 * Items on their way to one reader. It holds as many as credit was given for; credit returns when the reader took an item, half
 * a window at a time so that one message carries several.
 */
export class CreditedQueue<T> implements AsyncIterableIterator<T> {
  readonly #window: number;
  readonly #credit: CreditReturn;
  readonly #items: BoundedQueue<IteratorYieldResult<T>>;
  readonly #readers: Reader<T>[] = [];
  #taken = 0;
  #ended = false;
  #error: unknown;
  #failed = false;

  /** `window` items were already allowed. */
  constructor(window: number, credit: CreditReturn) {
    this.#window = window;
    this.#credit = credit;
    this.#items = new BoundedQueue(window);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Takes an item; returns false when the sender had no credit for it. */
  push(item: T): boolean {
    if (this.#ended) return true;
    const reader = this.#readers.shift();
    const result: IteratorYieldResult<T> = { done: false, value: item };
    if (reader === undefined) return this.#items.push(result);
    this.#give(1);
    reader.resolve(result);
    return true;
  }

  /** The sender has no more. What is queued is still read. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const reader of this.#readers.splice(0)) reader.resolve({ done: true, value: undefined });
  }

  /** The sender failed. What is queued is still read, then the error is thrown once. */
  fail(error: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    const [first, ...others] = this.#readers.splice(0);
    if (first === undefined) {
      this.#failed = true;
      this.#error = error;
    } else {
      first.reject(error);
    }
    for (const reader of others) reader.resolve({ done: true, value: undefined });
  }

  next(): Promise<IteratorResult<T, undefined>> {
    const queued = this.#items.shift();
    if (queued !== undefined) {
      if (!this.#ended) this.#give(1);
      return Promise.resolve(queued);
    }
    if (this.#failed) {
      this.#failed = false;
      return Promise.reject(this.#error instanceof Error ? this.#error : ClusterError.from(this.#error, 'remote'));
    }
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => {
      this.#readers.push({ resolve, reject });
    });
  }

  return(): Promise<IteratorResult<T, undefined>> {
    const wasEnded = this.#ended;
    this.end();
    this.#items.clear();
    this.#failed = false;
    if (!wasEnded) this.#credit.cancel();
    return Promise.resolve({ done: true, value: undefined });
  }

  #give(count: number): void {
    this.#taken += count;
    if (this.#taken * 2 < this.#window) return;
    const taken = this.#taken;
    this.#taken = 0;
    this.#credit.request(taken);
  }
}

interface Reader<T> {
  readonly resolve: (result: IteratorResult<T, undefined>) => void;
  readonly reject: (error: unknown) => void;
}
