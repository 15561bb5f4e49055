/** Remembers the last round trips and derives a ping timeout from their 99th percentile. */
export class RoundTrips {
  #samples: Float32Array | undefined;
  #count = 0;

  add(roundTripMs: number): void {
    this.#samples ??= new Float32Array(samplesMax);
    this.#samples[this.#count % samplesMax] = roundTripMs;
    this.#count += 1;
  }

  /**
   * Half as much again as the 99th percentile, so that one ping in a hundred does not go round, within the bounds; the upper bound
   * until there are samples enough to trust.
   */
  timeoutMs(lowestMs: number, highestMs: number): number {
    if (this.#samples === undefined || this.#count < samplesMin) return highestMs;
    // With a hundred samples the second largest is the 99th percentile; with fewer the largest has to do.
    let largest = 0;
    let second = 0;
    const count = Math.min(this.#count, samplesMax);
    for (let index = 0; index < count; index += 1) {
      const sample = this.#samples[index] ?? 0;
      if (sample > largest) {
        second = largest;
        largest = sample;
      } else if (sample > second) {
        second = sample;
      }
    }
    const percentile = count < samplesMax ? largest : second;
    return Math.min(highestMs, Math.max(lowestMs, percentile * 1.5));
  }
}

const samplesMax = 100;
const samplesMin = 10;
