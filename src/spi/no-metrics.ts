import type { Counter, Gauge, Histogram, Metrics } from './metrics.js';

const counter: Counter = { add: () => undefined };
const gauge: Gauge = { set: () => undefined };
const histogram: Histogram = { observe: () => undefined };

/** Counts nothing. The default where nobody asked for metrics. */
export const noMetrics: Metrics = {
  counter: () => counter,
  gauge: () => gauge,
  histogram: () => histogram,
};
