import { createRequire } from 'node:module';
import type * as openTelemetry from '@opentelemetry/api';

/** The API of OpenTelemetry. */
export type TraceApi = typeof openTelemetry;

/**
 * Loads the API of OpenTelemetry when something is to be traced: its fifty files would cost every process a tenth of its start. It is
 * required, not imported: the first call after an SDK came is traced too, and a simulated node never waits for the disk.
 */
export function loadTraceApi(): TraceApi {
  return createRequire(import.meta.url)('@opentelemetry/api');
}
