import { type Span, SpanKind, SpanStatusCode, trace, type Tracer } from '@opentelemetry/api';
import { ClusterError } from '../../core/errors.js';
import type { ClientInterceptor } from './client-builder.js';
import type { ServerInterceptor } from './served-call.js';

/** Interceptors of both sides, to be given to `createNode({ rpc: traceCalls() })`. */
export interface CallTracing {
  readonly clientInterceptors: readonly ClientInterceptor[];
  readonly serverInterceptors: readonly ServerInterceptor[];
}

/**
 * Spans for calls, named `service/method`: one at the caller, from the call to its answer, and one around the handler, its child
 * wherever it runs. Streams and channels have the one around the handler only, which ends when it has given its source. Nothing is
 * recorded unless the process has a trace SDK; trace context and baggage travel with or without this.
 */
export function traceCalls(tracer: Tracer = trace.getTracer('scalebus')): CallTracing {
  return {
    clientInterceptors: [
      (call, next) => {
        if (call.kind === 'stream' || call.kind === 'channel') return next(call);
        return inSpan(tracer, { ...call, kind: SpanKind.CLIENT }, () => next(call));
      },
    ],
    serverInterceptors: [
      (input, { service, method }, next) =>
        inSpan(tracer, { service, method, kind: SpanKind.SERVER }, () => next(input)),
    ],
  };
}

interface Work {
  readonly service: string;
  readonly method: string;
  readonly kind: SpanKind;
}

function inSpan(tracer: Tracer, { service, method, kind }: Work, run: () => unknown): unknown {
  // The names of OpenTelemetry's semantic conventions for RPC.
  const attributes = { 'rpc.system': 'scalebus', 'rpc.service': service, 'rpc.method': method };
  return tracer.startActiveSpan(`${service}/${method}`, { kind, attributes }, (span) => {
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
          fail(span, error);
          throw error;
        },
      );
    } catch (error) {
      fail(span, error);
      throw error;
    }
  });
}

function fail(span: Span, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  span.recordException(error instanceof Error ? error : message);
  if (error instanceof ClusterError) span.setAttribute('error.type', error.code);
  span.setStatus({ code: SpanStatusCode.ERROR, message });
  span.end();
}
