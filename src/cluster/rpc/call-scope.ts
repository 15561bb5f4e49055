import { AsyncLocalStorage } from 'node:async_hooks';
import type { Context, TextMapGetter, TextMapSetter } from '@opentelemetry/api';
import type { CallContext } from './service-types.js';
import { loadTraceApi, type TraceApi } from './trace-api.js';
import type { TurnClock } from './turn-clock.js';

/**
 * The call that a handler works on, seen by everything that the handler calls, and the trace context around it. Without a trace
 * SDK in the process the trace part costs one look-up, and the API of OpenTelemetry is not loaded: an SDK registers itself in a
 * global of a fixed name, and before that nothing could be traced.
 *
 * On Node 20 every promise of the process pays for a storage that was ever entered. So none is entered before somebody can look:
 * before the first client of the node is made, or the first `current()`. Until then a field tells the synchronous part of a
 * handler its call; only a handler that makes the node's first client behind an `await` finds nothing there to inherit.
 */
export class CallScope {
  readonly #storage = new AsyncLocalStorage<CallContext>();
  readonly #tracing: boolean;
  readonly #inheriting: boolean;
  readonly #turn: Pick<TurnClock, 'reading'>;
  #isWatched: boolean;
  /** The reading of the clock during which no trace SDK was found. */
  #untracedReading = 0;
  #api: TraceApi | undefined;
  /** The call whose handler is on the stack. */
  #running: CallContext | undefined;

  constructor(
    options: { readonly tracing: boolean; readonly inheritance: boolean | 'lazy' },
    turn: Pick<TurnClock, 'reading'>,
  ) {
    this.#turn = turn;
    this.#tracing = options.tracing;
    this.#inheriting = options.inheritance !== false;
    this.#isWatched = options.inheritance === true;
  }

  /** The call that this code runs for, if it runs for one. */
  current(): CallContext | undefined {
    return this.#isWatched ? (this.#storage.getStore() ?? this.#running) : undefined;
  }

  /** Somebody may ask for the current call from here on. */
  watch(): void {
    this.#isWatched = true;
  }

  /** Lets go of it: on Node 20 every promise of the process pays for each storage that was ever entered. */
  stop(): void {
    this.#storage.disable();
  }

  /** Runs a handler inside its call and inside the caller's trace. */
  run(call: CallContext, work: Handler, input: unknown): unknown {
    const api = hasTrace(call.headers) ? this.#findApi() : undefined;
    if (api === undefined) return this.#enter(call, work, input);
    const trace = api.propagation.extract(api.context.active(), call.headers, headerGetter);
    return api.context.with(trace, () => this.#enter(call, work, input));
  }

  /** Adds trace context and baggage to the headers of a call that goes out; returns the same object when there is none. */
  inject(headers: Readonly<Record<string, string>> | undefined): Readonly<Record<string, string>> | undefined {
    const api = this.#findApi();
    if (api === undefined) return headers;
    const active: Context = api.context.active();
    // Nothing is active: neither a span nor baggage.
    if (active === api.ROOT_CONTEXT) return headers;
    const carrier = new HeaderCarrier(headers);
    api.propagation.inject(active, carrier, headerSetter);
    return carrier.headers;
  }

  #findApi(): TraceApi | undefined {
    if (this.#api === undefined && this.#tracing && this.#hasTraceSdk()) this.#api = loadTraceApi();
    return this.#api;
  }

  /** Looks once for the calls that one reading of the clock serves: a look takes as long as half of what else a plan takes. */
  #hasTraceSdk(): boolean {
    const { reading } = this.#turn;
    if (reading !== 0 && reading === this.#untracedReading) return false;
    const isThere = traceGlobal in globalThis;
    this.#untracedReading = isThere ? 0 : reading;
    return isThere;
  }

  #enter(call: CallContext, work: Handler, input: unknown): unknown {
    if (!this.#inheriting) return work(input, call);
    const outer = this.#running;
    this.#running = call;
    try {
      return this.#isWatched ? this.#storage.run(call, work, input, call) : work(input, call);
    } finally {
      this.#running = outer;
    }
  }
}

/** Where version 1 of the API keeps what an SDK registers, for every copy of it in a process. */
const traceGlobal = Symbol.for('opentelemetry.js.api.1');

type Handler = (input: unknown, call: CallContext) => unknown;

/** Headers that are copied only when something is added. */
class HeaderCarrier {
  headers: Record<string, string> | undefined;
  #isOwn = false;

  constructor(headers: Readonly<Record<string, string>> | undefined) {
    this.headers = headers;
  }

  set(key: string, value: string): void {
    if (!this.#isOwn) this.headers = { ...this.headers };
    this.#isOwn = true;
    if (this.headers !== undefined) this.headers[key] = value;
  }
}

const headerSetter: TextMapSetter<HeaderCarrier> = {
  set: (carrier, key, value) => carrier.set(key, value),
};

const headerGetter: TextMapGetter<Readonly<Record<string, string>>> = {
  get: (carrier, key) => carrier[key],
  keys: (carrier) => Object.keys(carrier),
};

function hasTrace(headers: Readonly<Record<string, string>>): boolean {
  // The names of W3C Trace Context and Baggage, and of the older single-header form.
  return headers['traceparent'] !== undefined || headers['baggage'] !== undefined || headers['b3'] !== undefined;
}
