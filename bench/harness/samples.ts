/**
 * Collects delays during a run at the price of one store each, and makes the HDR histogram afterwards: recording into
 * the histogram itself costs more than a whole call of the fastest contender.
 */
import { build } from 'hdr-histogram-js';

/** Percentiles of one run, in microseconds. */
export interface Percentiles {
  readonly count: number;
  readonly p50us: number;
  readonly p90us: number;
  readonly p99us: number;
  readonly p999us: number;
  readonly maxUs: number;
}

const samplesMax = 2 ** 20;

/**
 * Delays of one run. When full, every second one is dropped and from then on only every second one is taken. It is made before the
 * first run and used for all of them: 8 MiB outside the heap make V8 begin a full collection, which would then fall into each run
 * and be its p99, longer by what the contender has in its heap.
 */
export class Samples {
  readonly #values = new Float64Array(samplesMax);
  #length = 0;
  #stride: number;
  #skip = 0;

  /** `stride`: takes every n-th delay. */
  constructor(stride = 1) {
    this.#stride = stride;
  }

  /** Says whether the next delay is taken, so that the clock is read only then. */
  due(): boolean {
    if (this.#skip > 0) {
      this.#skip -= 1;
      return false;
    }
    this.#skip = this.#stride - 1;
    return true;
  }

  /** Takes a delay in microseconds. */
  add(delayUs: number): void {
    if (this.#length === samplesMax) this.#thin();
    this.#values[this.#length] = delayUs;
    this.#length += 1;
  }

  /** Forgets everything, for the end of a warm-up or the next run. */
  reset(stride = 1): void {
    this.#length = 0;
    this.#skip = 0;
    this.#stride = stride;
  }

  /** The percentiles, from a histogram with three significant digits. */
  percentiles(): Percentiles {
    const histogram = build({
      lowestDiscernibleValue: 1,
      highestTrackableValue: 120_000_000,
      numberOfSignificantValueDigits: 3,
    });
    for (const value of this.#values.subarray(0, this.#length)) {
      histogram.recordValue(Math.min(Math.max(1, Math.round(value)), 120_000_000));
    }
    const at = (percentile: number): number => (this.#length === 0 ? 0 : histogram.getValueAtPercentile(percentile));
    return {
      count: this.#length,
      p50us: at(50),
      p90us: at(90),
      p99us: at(99),
      p999us: at(99.9),
      maxUs: this.#length === 0 ? 0 : histogram.maxValue,
    };
  }

  #thin(): void {
    for (let index = 0; index < samplesMax / 2; index += 1) {
      this.#values[index] = this.#values[index * 2] ?? 0;
    }
    this.#length = samplesMax / 2;
    this.#stride *= 2;
  }
}
