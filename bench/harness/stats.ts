/** Statistics over rounds. */

/** The middle of the values, or the mean of the two middle ones; NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  if (sorted.length % 2 === 1) return upper;
  return (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** (largest - smallest) / median: 0 means that all rounds agreed. */
export function spread(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN;
  const middle = median(values);
  if (middle === 0) return 0;
  return (Math.max(...values) - Math.min(...values)) / middle;
}

/** Rounds for people and JSON: three significant digits below 1,000, whole numbers above. */
export function tidyNumber(value: number): number {
  if (!Number.isFinite(value)) return value;
  return Math.abs(value) >= 1000 ? Math.round(value) : Number(value.toPrecision(3));
}
