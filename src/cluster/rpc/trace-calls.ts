import type { Span, SpanKind, SpanOptions, Tracer } from '@opentelemetry/api';
import { ClusterError } from '../../core/errors.js';
import type { ClientInterceptor } from './client-builder.js';
import type { ServerInterceptor } from './served-call.js';
import { loadTraceApi, type TraceApi } from './trace-api.js';
import { isRpcStream, type SpanMaker, TracedStream } from './traced-stream.js';

/** Interceptors of both sides, to be given to `createNode({ rpc: traceCalls() })`. */
export interface CallTracing {
  readonly clientInterceptors: readonly ClientInterceptor[];
  readonly serverInterceptors: readonly ServerInterceptor[];
}

/**
 * Spans for calls, named `service/method`: one at the caller, from the call to its answer, and one around the handler, its child
 * wherever it runs. For streams and channels the caller's span is open for as long as the items are taken, one for each taking, and
 * the handler's ends when it has given its source. Nothing is recorded unless the process has a trace SDK; trace context and baggage travel with or without this.
 */
export function traceCalls(tracer?: Tracer): CallTracing {
  const api = loadTraceApi();
  const tracing: Tracing = { api, tracer: tracer ?? api.trace.getTracer('scalebus') };
  const { CLIENT, SERVER } = api.SpanKind;
  return {
    clientInterceptors: [
      (call, next) => {
        const work: Work = { service: call.service, method: call.method, kind: CLIENT };
        if (call.kind !== 'stream' && call.kind !== 'channel') return inSpan(tracing, work, () => next(call));
        const items = next(call);
        return isRpcStream(items) ? new TracedStream(items, api, spansOf(tracing, work)) : items;
      },
    ],
    serverInterceptors: [
      (input, { service, method }, next) => inSpan(tracing, { service, method, kind: SERVER }, () => next(input)),
    ],
  };
}

interface Tracing {
  readonly api: TraceApi;
  readonly tracer: Tracer;
}

interface Work {
  readonly service: string;
  readonly method: string;
  readonly kind: SpanKind;
}

function spansOf({ api, tracer }: Tracing, work: Work): SpanMaker {
  return {
    start: () => tracer.startSpan(nameOf(work), optionsOf(work)),
    end: (span, error) => {
      if (error === undefined) span.end();
      else fail(api, span, error);
    },
  };
}

function nameOf({ service, method }: Work): string {
  return `${service}/${method}`;
}

/** The names of OpenTelemetry's semantic conventions for RPC. */
function optionsOf({ service, method, kind }: Work): SpanOptions {
  return { kind, attributes: { 'rpc.system': 'scalebus', 'rpc.service': service, 'rpc.method': method } };
}

function inSpan({ api, tracer }: Tracing, work: Work, run: () => unknown): unknown {
  return tracer.startActiveSpan(nameOf(work), optionsOf(work), (span) => {
    try {
      const result = run();
      if (!(result instanceof Promise)) {
        span.end();
        return result;
      }
      return result.then(
        (value: unknown) => {
          span.end();
          return value;
        },
        (error: unknown) => {
          fail(api, span, error);
          throw error;
        },
      );
    } catch (error) {
      fail(api, span, error);
      throw error;
    }
  });
}

function fail(api: TraceApi, span: Span, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  span.recordException(error instanceof Error ? error : message);
  if (error instanceof ClusterError) span.setAttribute('error.type', error.code);
  span.setStatus({ code: api.SpanStatusCode.ERROR, message });
  span.end();
}
