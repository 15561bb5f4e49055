import { assert } from '../core/assert.js';
import type { Counter, Gauge, Histogram, MetricLabels, Metrics } from '../spi/metrics.js';
import { type MetricFamily, metricsToText } from './metrics-text.js';

/** How many series the metrics may hold. */
export interface ProcessMetricsOptions {
  /** Series of one name. @defaultValue 1000; each costs about 200 bytes, a histogram 400 */
  readonly seriesMax?: number;
}

/**
 * Metrics in the memory of this process, to be read as a snapshot or in Prometheus' text form. A name has one kind and at most
 * `seriesMax` series; further labels share one series with the label `overflow="true"`, because a label that takes its value from
 * outside would else fill the memory.
 */
export class ProcessMetrics implements Metrics {
  readonly #kinds = new Map<string, MetricFamily['kind']>();
  readonly #counters: SeriesTable<Sum>;
  readonly #gauges: SeriesTable<Sum>;
  readonly #histograms: SeriesTable<Distribution>;

  constructor(options: ProcessMetricsOptions = {}) {
    const seriesMax = options.seriesMax ?? 1000;
    this.#counters = new SeriesTable(seriesMax, () => new Sum());
    this.#gauges = new SeriesTable(seriesMax, () => new Sum());
    this.#histograms = new SeriesTable(seriesMax, (name) => new Distribution(boundsFor(name)));
  }

  counter(name: string, help: string, labels: MetricLabels = {}): Counter {
    this.#claim(name, 'counter');
    return this.#counters.get(name, help, labels);
  }

  gauge(name: string, help: string, labels: MetricLabels = {}): Gauge {
    this.#claim(name, 'gauge');
    return this.#gauges.get(name, help, labels);
  }

  histogram(name: string, help: string, labels: MetricLabels = {}): Histogram {
    this.#claim(name, 'histogram');
    return this.#histograms.get(name, help, labels);
  }

  forget(name: string, labels: MetricLabels): void {
    for (const table of [this.#counters, this.#gauges, this.#histograms]) table.forget(name, labels);
  }

  /** Every name with its series, sorted by name; plain data that does not change later. */
  snapshot(): readonly MetricFamily[] {
    const families: MetricFamily[] = [];
    for (const { name, help, series } of this.#counters.all()) {
      families.push({
        kind: 'counter',
        name,
        help,
        series: series.map(({ labels, store }) => ({ labels, value: store.value })),
      });
    }
    for (const { name, help, series } of this.#gauges.all()) {
      families.push({
        kind: 'gauge',
        name,
        help,
        series: series.map(({ labels, store }) => ({ labels, value: store.value })),
      });
    }
    for (const { name, help, series } of this.#histograms.all()) {
      families.push({
        kind: 'histogram',
        name,
        help,
        series: series.map(({ labels, store }) => Object.assign(store.read(), { labels })),
      });
    }
    return families.toSorted((left, right) => (left.name < right.name ? -1 : 1));
  }

  /** Prometheus' text exposition format 0.0.4. */
  toPrometheusText(): string {
    return metricsToText(this.snapshot());
  }

  /** The value of a counter or gauge, the count of a histogram; `undefined` when nobody asked for that series. */
  find(name: string, labels: MetricLabels = {}): number | undefined {
    const sum = this.#counters.find(name, labels) ?? this.#gauges.find(name, labels);
    return sum?.value ?? this.#histograms.find(name, labels)?.count;
  }

  #claim(name: string, kind: MetricFamily['kind']): void {
    const known = this.#kinds.get(name);
    if (known === kind) return;
    assert(known === undefined, `${name} to stay a ${known}`);
    assert(/^[A-Za-z_:][\w:]*$/.test(name), `a metric name of letters, digits and _, not ${name}`);
    this.#kinds.set(name, kind);
  }
}

const overflowLabels: MetricLabels = { overflow: 'true' };

interface Series<T> {
  readonly labels: MetricLabels;
  readonly store: T;
}

interface Family<T> {
  readonly name: string;
  readonly help: string;
  readonly byLabels: Map<string, Series<T>>;
}

/** All series of one kind. */
class SeriesTable<T> {
  readonly #families = new Map<string, Family<T>>();
  readonly #seriesMax: number;
  readonly #create: (name: string) => T;

  constructor(seriesMax: number, create: (name: string) => T) {
    this.#seriesMax = seriesMax;
    this.#create = create;
  }

  get(name: string, help: string, labels: MetricLabels): T {
    let family = this.#families.get(name);
    if (family === undefined) {
      family = { name, help, byLabels: new Map() };
      this.#families.set(name, family);
    }
    const known = family.byLabels.get(labelsToKey(labels));
    if (known !== undefined) return known.store;
    const isFull = family.byLabels.size >= this.#seriesMax;
    return isFull ? this.#add(family, overflowLabels) : this.#add(family, labels);
  }

  find(name: string, labels: MetricLabels): T | undefined {
    return this.#families.get(name)?.byLabels.get(labelsToKey(labels))?.store;
  }

  forget(name: string, labels: MetricLabels): void {
    this.#families.get(name)?.byLabels.delete(labelsToKey(labels));
  }

  all(): readonly { readonly name: string; readonly help: string; readonly series: readonly Series<T>[] }[] {
    return [...this.#families.values()].map(({ name, help, byLabels }) => ({
      name,
      help,
      series: [...byLabels.values()],
    }));
  }

  #add(family: Family<T>, labels: MetricLabels): T {
    const key = labelsToKey(labels);
    const series = family.byLabels.get(key) ?? { labels: { ...labels }, store: this.#create(family.name) };
    family.byLabels.set(key, series);
    return series.store;
  }
}

class Sum implements Counter, Gauge {
  value = 0;

  add(count = 1): void {
    this.value += count;
  }

  set(value: number): void {
    this.value = value;
  }
}

class Distribution implements Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: Float64Array;
  #count = 0;
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  get count(): number {
    return this.#count;
  }

  observe(value: number): void {
    const bounds = this.#bounds;
    let index = 0;
    while (index < bounds.length && value > (bounds[index] ?? 0)) index += 1;
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#count += 1;
    this.#sum += value;
  }

  read(): { count: number; sum: number; buckets: { upTo: number; count: number }[] } {
    const buckets = [...this.#counts].map((count, index) => ({
      upTo: this.#bounds[index] ?? Number.POSITIVE_INFINITY,
      count,
    }));
    return { count: this.#count, sum: this.#sum, buckets };
  }
}

const durationBoundsMs: readonly number[] = [
  0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000,
];
const sizeBoundsBytes: readonly number[] = [
  64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216,
];
const countBounds: readonly number[] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096, 16_384];

/** Buckets by the unit that the name ends in. */
function boundsFor(name: string): readonly number[] {
  if (name.endsWith('_ms')) return durationBoundsMs;
  return name.endsWith('_bytes') ? sizeBoundsBytes : countBounds;
}

/** One text for equal labels, whatever their order. */
function labelsToKey(labels: MetricLabels): string {
  return JSON.stringify(Object.entries(labels).toSorted(([left], [right]) => (left < right ? -1 : 1)));
}
