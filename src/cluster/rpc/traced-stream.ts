import type { Span } from '@opentelemetry/api';
import { Observable } from 'rxjs/internal/Observable';
import type { RpcStream } from './service-types.js';
import type { TraceApi } from './trace-api.js';

/** Begins one span, and ends one: without an error when the stream ended in order or its consumer left. */
export interface SpanMaker {
  start(): Span;
  end(span: Span, error?: unknown): void;
}

/**
 * A stream with a span around each taking of it: from the first ask to the last item, the failure, or the moment when its consumer
 * leaves. An iterator that is neither read to its end nor returned keeps its span open, as it keeps its call.
 */
export class TracedStream implements RpcStream<unknown> {
  readonly #inner: RpcStream<unknown>;
  readonly #api: TraceApi;
  readonly #maker: SpanMaker;

  constructor(inner: RpcStream<unknown>, api: TraceApi, maker: SpanMaker) {
    this.#inner = inner;
    this.#api = api;
    this.#maker = maker;
  }

  [Symbol.asyncIterator](): AsyncIterator<unknown, undefined> {
    const { run, end } = this.#open();
    const items = run(() => this.#inner[Symbol.asyncIterator]());
    const settle = async (step: Promise<IteratorResult<unknown>>): Promise<IteratorResult<unknown, undefined>> => {
      try {
        const result = await step;
        if (result.done !== true) return result;
        end();
        return { done: true, value: undefined };
      } catch (error) {
        end(error);
        throw error;
      }
    };
    return {
      next: async () => settle(items.next()),
      return: async () => settle(items.return?.() ?? Promise.resolve({ done: true, value: undefined })),
    };
  }

  async drain(concurrency: number, project: (item: unknown) => unknown): Promise<void> {
    const { run, end } = this.#open();
    try {
      await run(() => this.#inner.drain(concurrency, project));
      end();
    } catch (error) {
      end(error);
      throw error;
    }
  }

  toObservable(): Observable<unknown> {
    return new Observable((subscriber) => {
      const { run, end } = this.#open();
      const observer = {
        next: (item: unknown) => subscriber.next(item),
        error: (error: unknown) => {
          end(error);
          subscriber.error(error);
        },
        complete: () => {
          end();
          subscriber.complete();
        },
      };
      const subscription = run(() => this.#inner.toObservable().subscribe(observer));
      return () => {
        subscription.unsubscribe();
        end();
      };
    });
  }

  /** Starts the span of one taking. `run` makes it the active one and ends it when the work throws; `end` counts once. */
  #open(): { run: <T>(work: () => T) => T; end: (error?: unknown) => void } {
    const span = this.#maker.start();
    const { context, trace } = this.#api;
    let isEnded = false;
    const end = (error?: unknown): void => {
      if (isEnded) return;
      isEnded = true;
      this.#maker.end(span, error);
    };
    const run = <T>(work: () => T): T => {
      try {
        return context.with(trace.setSpan(context.active(), span), work);
      } catch (error) {
        end(error);
        throw error;
      }
    };
    return { run, end };
  }
}

/** Says whether a result is the stream that calls with many items give. */
export function isRpcStream(value: unknown): value is RpcStream<unknown> {
  return typeof value === 'object' && value !== null && 'toObservable' in value && 'drain' in value;
}
