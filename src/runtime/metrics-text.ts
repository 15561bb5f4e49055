import type { MetricLabels } from '../spi/metrics.js';

/** All series of one name. */
export type MetricFamily =
  | {
      readonly kind: 'counter' | 'gauge';
      readonly name: string;
      readonly help: string;
      readonly series: readonly { readonly labels: MetricLabels; readonly value: number }[];
    }
  | {
      readonly kind: 'histogram';
      readonly name: string;
      readonly help: string;
      readonly series: readonly HistogramSample[];
    };

/** One distribution. */
export interface HistogramSample {
  readonly labels: MetricLabels;
  readonly count: number;
  readonly sum: number;
  /** Observations in each bucket alone; the last one is up to infinity. */
  readonly buckets: readonly { readonly upTo: number; readonly count: number }[];
}

/** Writes metrics in Prometheus' text exposition format 0.0.4. */
export function metricsToText(families: readonly MetricFamily[]): string {
  const lines: string[] = [];
  for (const family of families) {
    lines.push(`# HELP ${family.name} ${escapeHelp(family.help)}`, `# TYPE ${family.name} ${family.kind}`);
    if (family.kind === 'histogram') {
      for (const sample of family.series) writeHistogram(lines, family.name, sample);
    } else {
      for (const { labels, value } of family.series) {
        lines.push(`${family.name}${labelsToText(labels)} ${toNumber(value)}`);
      }
    }
  }
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

function writeHistogram(lines: string[], name: string, sample: HistogramSample): void {
  let total = 0;
  for (const { upTo, count } of sample.buckets) {
    total += count;
    lines.push(`${name}_bucket${labelsToText({ ...sample.labels, le: toNumber(upTo) })} ${total}`);
  }
  const labels = labelsToText(sample.labels);
  lines.push(`${name}_sum${labels} ${toNumber(sample.sum)}`, `${name}_count${labels} ${sample.count}`);
}

function labelsToText(labels: MetricLabels): string {
  const entries = Object.entries(labels);
  if (entries.length === 0) return '';
  return `{${entries.map(([name, value]) => `${name}="${escapeLabel(value)}"`).join(',')}}`;
}

function toNumber(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}
