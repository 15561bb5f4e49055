import type { Counter, Gauge, Metrics } from '../../spi/metrics.js';
import type { SwimCount, SwimCounts } from '../../protocol/swim/counts.js';
import type { SwimView } from '../../protocol/swim/view.js';

/** Carries the machine's counts over to metrics, by their differences, when it is told to. */
export class SwimMetrics {
  readonly #counters: readonly (readonly [SwimCount, Counter])[];
  readonly #last: Partial<SwimCounts> = {};
  readonly #members: Gauge;
  readonly #suspects: Gauge;
  readonly #health: Gauge;

  constructor(metrics: Metrics, counts: Readonly<SwimCounts>) {
    const names = Object.keys(counts).filter((name): name is SwimCount => name in counts);
    const help = 'What the membership protocol did or dropped, by kind';
    this.#counters = names.map((kind) => [kind, metrics.counter('scalebus_swim_total', help, { kind })]);
    this.#members = metrics.gauge('scalebus_members', 'Members that are alive or suspect, this node included');
    this.#suspects = metrics.gauge('scalebus_members_suspect', 'Members that somebody could not reach');
    this.#health = metrics.gauge('scalebus_swim_health', 'Local health multiplier, 0 is healthy');
  }

  update(counts: Readonly<SwimCounts>, view: SwimView): void {
    for (const [kind, counter] of this.#counters) {
      const grown = counts[kind] - (this.#last[kind] ?? 0);
      if (grown > 0) counter.add(grown);
      this.#last[kind] = counts[kind];
    }
    this.#members.set(view.liveCount);
    this.#suspects.set(view.suspectCount);
    this.#health.set(view.healthScore);
  }
}
