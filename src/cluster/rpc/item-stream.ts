import { Observable } from 'rxjs/internal/Observable';
import { ClusterError } from '../../core/errors.js';
import { checkFunction } from '../../core/options.js';
import { checkConcurrency } from './call-options.js';
import { CreditedQueue } from './credited-queue.js';
import type { RpcStream } from './service-types.js';
import type { ItemReceiver } from './stream-call.js';

/** A call that flows. */
export interface FlowingCall {
  request(count: number): void;
  cancel(): void;
}

/** Opens one call that feeds a receiver; throws what is wrong with the call before anything is sent. */
export type OpenCall<T> = (receiver: ItemReceiver<T>, credit: number) => FlowingCall;

/** Many items, in the three forms that they can be taken in. */
export class ItemStream<T> implements RpcStream<T> {
  readonly #open: OpenCall<T>;
  readonly #credit: number;

  constructor(open: OpenCall<T>, credit: number) {
    this.#open = open;
    this.#credit = credit;
  }

  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    let call: FlowingCall | undefined;
    const queue = new CreditedQueue<T>(this.#credit, {
      request: (count) => call?.request(count),
      cancel: () => call?.cancel(),
    });
    const receiver: ItemReceiver<T> = {
      item: (value) => {
        if (queue.push(value)) return;
        call?.cancel();
        queue.fail(new ClusterError('protocol', 'the other side sent more items than it had credit for'));
      },
      ended: () => queue.end(),
      failed: (error) => queue.fail(error),
    };
    call = this.#open(receiver, this.#credit);
    return queue;
  }

  drain(concurrency: number, project: (item: T) => unknown): Promise<void> {
    return new Promise((resolve, reject) => {
      checkConcurrency(concurrency);
      checkFunction('project', project);
      const drained = new Drain<T>(project, resolve, reject);
      drained.call = this.#open(drained, concurrency);
    });
  }

  toObservable(): Observable<T> {
    return new Observable<T>((subscriber) => {
      let taken = 0;
      let call: FlowingCall | undefined;
      const receiver: ItemReceiver<T> = {
        item: (value) => {
          subscriber.next(value);
          taken += 1;
          if (taken * 2 < this.#credit) return;
          call?.request(taken);
          taken = 0;
        },
        ended: () => subscriber.complete(),
        failed: (error) => subscriber.error(error),
      };
      try {
        call = this.#open(receiver, this.#credit);
      } catch (error) {
        subscriber.error(error);
      }
      return () => call?.cancel();
    });
  }
}

/** Works on items, some at once; each gives its credit back when its work ended. */
class Drain<T> implements ItemReceiver<T> {
  readonly #project: (item: T) => unknown;
  readonly #resolve: () => void;
  readonly #reject: (error: unknown) => void;
  call: FlowingCall | undefined;
  #working = 0;
  #ended = false;
  #failed = false;

  constructor(project: (item: T) => unknown, resolve: () => void, reject: (error: unknown) => void) {
    this.#project = project;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  item(value: T): void {
    this.#working += 1;
    void this.#work(value);
  }

  ended(): void {
    this.#ended = true;
    if (this.#working === 0) this.#resolve();
  }

  failed(error: unknown): void {
    this.#failed = true;
    this.#reject(error);
  }

  async #work(item: T): Promise<void> {
    try {
      await this.#project(item);
    } catch (error) {
      this.call?.cancel();
      this.failed(error);
    }
    this.#working -= 1;
    if (this.#failed) return;
    if (!this.#ended) this.call?.request(1);
    else if (this.#working === 0) this.#resolve();
  }
}
