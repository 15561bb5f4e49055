/** Fixed label values of one time series; keep their number small. */
export type MetricLabels = Readonly<Record<string, string>>;

/** A number that only grows. */
export interface Counter {
  add(count?: number): void;
}

/** A number that goes up and down. */
export interface Gauge {
  set(value: number): void;
}

/** A distribution. */
export interface Histogram {
  observe(value: number): void;
}

/**
 * Where counts go. Asking twice for one name and labels gives the same series. Names begin with `scalebus_` and carry their unit:
 * `_ms`, `_bytes`, `_total`.
 * Implementations MUST make `add`, `set` and `observe` cheap enough for every message.
 */
export interface Metrics {
  counter(name: string, help: string, labels?: MetricLabels): Counter;
  gauge(name: string, help: string, labels?: MetricLabels): Gauge;
  histogram(name: string, help: string, labels?: MetricLabels): Histogram;
  /** MAY be there: takes a series away whose label names what is gone, such as a peer. Asking again begins a new one. */
  forget?(name: string, labels: MetricLabels): void;
}
