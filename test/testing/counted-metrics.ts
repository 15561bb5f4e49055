import type { Counter, Gauge, Histogram, MetricLabels, Metrics } from '../../src/spi/metrics.js';

/** Keeps every series as one number: the sum of a counter or histogram, the last value of a gauge. */
export class CountedMetrics implements Metrics {
  readonly values: Map<string, number> = new Map();

  counter(name: string, _help: string, labels?: MetricLabels): Counter {
    const key = seriesKey(name, labels);
    return { add: (count = 1) => this.values.set(key, (this.values.get(key) ?? 0) + count) };
  }

  gauge(name: string, _help: string, labels?: MetricLabels): Gauge {
    const key = seriesKey(name, labels);
    return { set: (value) => this.values.set(key, value) };
  }

  histogram(name: string, _help: string, labels?: MetricLabels): Histogram {
    const key = seriesKey(name, labels);
    return { observe: (value) => this.values.set(key, (this.values.get(key) ?? 0) + value) };
  }

  /** Sum over all series of one name. */
  sum(name: string): number {
    let sum = 0;
    for (const [key, value] of this.values) if (key === name || key.startsWith(`${name}{`)) sum += value;
    return sum;
  }
}

function seriesKey(name: string, labels: MetricLabels | undefined): string {
  return labels === undefined ? name : `${name}${JSON.stringify(labels)}`;
}
