import { CancelSource, type CancelToken } from '../core/cancel.js';
import { ClusterError, withoutCode } from '../core/errors.js';
import { OwnEvent, type SharedEvent } from './event.js';
import { answerCredit, type AnswerSink, type AnswerSource } from './answers.js';
import type { BusRespondContext, BusRespondHandler } from './event-bus.js';
import type { ResolvedSubscribeOptions } from './subscribe-options.js';
import type { Wanted } from './wanted.js';

/** One `respond` of this node. */
export class Responder {
  readonly options: ResolvedSubscribeOptions;
  readonly order: number;
  wanted: Wanted;
  revision = 0;
  received = 0;
  handled = 0;
  dropped = 0;
  failed = 0;
  inFlight = 0;
  readonly #handler: BusRespondHandler;
  #idleWaiters: (() => void)[] = [];

  constructor(handler: BusRespondHandler, setup: ResponderSetup) {
    this.#handler = handler;
    this.options = setup.options;
    this.order = setup.order;
    this.wanted = setup.wanted;
  }

  get id(): string {
    return this.options.id ?? `responder-${this.order}`;
  }

  /** Always 0: a request that cannot run now is refused, not kept. */
  get queued(): number {
    return 0;
  }

  /** Calls `run` once when no request is being answered. */
  whenIdle(run: () => void): void {
    if (this.inFlight === 0) run();
    else this.#idleWaiters.push(run);
  }

  /** Runs the handler for one request and tells the sink what it answers, never inside this call. */
  answer(event: SharedEvent, sink: AnswerSink): AnswerSource {
    const run = new AnswerRun(sink);
    this.received += 1;
    if (this.inFlight >= this.options.concurrencyMax) {
      this.dropped += 1;
      const { concurrencyMax } = this.options;
      void run.refuse(
        new ClusterError('overloaded', `responder ${this.id} answers ${concurrencyMax} requests already`),
      );
      return run;
    }
    this.inFlight += 1;
    void this.#run(event, run);
    return run;
  }

  async #run(event: SharedEvent, run: AnswerRun): Promise<void> {
    try {
      const decode = this.options.decode;
      const value = decode === undefined ? event.value : decode(event.value);
      const own = new OwnEvent(event, value, this.wanted.patterns);
      await run.pump(() => this.#handler(own, new AnswerContext(run.cancelled)));
      this.handled += 1;
    } catch (error) {
      this.failed += 1;
      run.end(toRemote(error));
    } finally {
      this.inFlight -= 1;
      if (this.inFlight === 0) this.#tellIdle();
    }
  }

  #tellIdle(): void {
    const waiters = this.#idleWaiters;
    this.#idleWaiters = [];
    for (const run of waiters) run();
  }
}

/** What a responder is made of. */
export interface ResponderSetup {
  readonly options: ResolvedSubscribeOptions;
  readonly order: number;
  readonly wanted: Wanted;
}

/** What a handler is told beyond the event; the signal is made for those who look at it. */
class AnswerContext implements BusRespondContext {
  readonly cancel: CancelToken;
  #abort: AbortController | undefined;

  constructor(cancel: CancelToken) {
    this.cancel = cancel;
  }

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      const abort = new AbortController();
      this.#abort = abort;
      this.cancel.listen((reason) => abort.abort(reason));
    }
    return this.#abort.signal;
  }
}

/** Feeds one handler's answers to a sink, no faster than the sink asks. */
class AnswerRun implements AnswerSource {
  readonly cancelled = new CancelSource();
  readonly #sink: AnswerSink;
  #credit = answerCredit;
  #wake: (() => void) | undefined;
  #ended = false;

  constructor(sink: AnswerSink) {
    this.#sink = sink;
  }

  request(count: number): void {
    this.#credit += count;
    this.#wake?.();
  }

  cancel(): void {
    this.#ended = true;
    this.cancelled.cancel('the asker went away');
    this.#wake?.();
  }

  async pump(start: () => unknown): Promise<void> {
    // Let go of the asker's call first: an answer never comes inside it.
    await Promise.resolve();
    if (this.#ended) return;
    const result = await start();
    if (!isAsyncIterable(result)) {
      this.#tell(result);
      this.end(undefined);
      return;
    }
    for await (const value of result) {
      if (!(await this.#hasCredit())) return;
      this.#tell(value);
    }
    this.end(undefined);
  }

  async refuse(why: ClusterError): Promise<void> {
    await Promise.resolve();
    this.end(why);
  }

  end(error: ClusterError | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#sink.onEnd(error);
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #tell(value: unknown): void {
    if (this.#ended) return;
    this.#credit -= 1;
    this.#sink.onAnswer(value, {});
  }

  /** True when there is credit; false when the run ended. */
  async #hasCredit(): Promise<boolean> {
    while (this.#credit <= 0 && !this.#ended) {
      await this.#woken();
    }
    return !this.#ended;
  }
}

/** What a handler throws on purpose reaches the asker with its code; anything else is the asker's `remote`. Either way it ran. */
function toRemote(error: unknown): ClusterError {
  if (!(error instanceof ClusterError)) {
    const message = error instanceof Error ? error.message : String(error);
    return new ClusterError('remote', `the responder failed: ${message}`, { cause: error, ran: true });
  }
  const { code, cause, details, node, stack } = error;
  const where = node === undefined ? {} : { node };
  const told = new ClusterError(code, withoutCode(error.message), { cause, details, ran: true, ...where });
  // A reader looks for where it was thrown.
  if (stack !== undefined) told.stack = stack;
  return told;
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
