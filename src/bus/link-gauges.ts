import { after, type CancelTimer, type Clock } from '../core/clock.js';
import type { Gauge, Metrics } from '../spi/metrics.js';
import type { BusLinkInfo } from './link-info.js';

/**
 * Shows in the metrics what waits for each peer, so that a stall is seen before anything is dropped. It looks once in a while instead of
 * counting along: events pay nothing. A peer that is gone takes its series with it.
 */
export class LinkGauges {
  readonly #metrics: Metrics;
  readonly #clock: Clock;
  readonly #read: () => readonly BusLinkInfo[];
  #shown: Map<string, PeerGauges> = new Map();
  #cancelTimer: CancelTimer | undefined;

  constructor(metrics: Metrics, clock: Clock, read: () => readonly BusLinkInfo[]) {
    this.#metrics = metrics;
    this.#clock = clock;
    this.#read = read;
  }

  start(): void {
    this.#cancelTimer ??= this.#clock.setTimer(after(this.#clock.now(), linkGaugesPeriodMs), () => {
      this.#cancelTimer = undefined;
      this.#show(this.#read());
      this.start();
    });
  }

  /** Takes every series away. Idempotent. */
  stop(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#show([]);
  }

  #show(infos: readonly BusLinkInfo[]): void {
    const before = this.#shown;
    this.#shown = new Map();
    for (const { node, inFlight, heldBytes } of infos) {
      const gauges = before.get(node) ?? this.#open(node);
      before.delete(node);
      this.#shown.set(node, gauges);
      gauges.unacknowledged.set(inFlight);
      gauges.heldBytes.set(heldBytes);
    }
    for (const [node, gauges] of before) this.#close(node, gauges);
  }

  #open(node: string): PeerGauges {
    const labels = { node };
    return {
      unacknowledged: this.#metrics.gauge(
        unacknowledgedName,
        'events numbered for a node and not acknowledged, dropped ones included',
        labels,
      ),
      heldBytes: this.#metrics.gauge(heldName, 'bytes of events that are held for a node', labels),
    };
  }

  #close(node: string, gauges: PeerGauges): void {
    // Metrics that forget nothing are left with what is true of a node that is gone.
    gauges.unacknowledged.set(0);
    gauges.heldBytes.set(0);
    this.#metrics.forget?.(unacknowledgedName, { node });
    this.#metrics.forget?.(heldName, { node });
  }
}

/** How often the gauges are set. */
export const linkGaugesPeriodMs = 500;

const unacknowledgedName = 'scalebus_bus_link_unacknowledged';
const heldName = 'scalebus_bus_link_held_bytes';

interface PeerGauges {
  readonly unacknowledged: Gauge;
  readonly heldBytes: Gauge;
}
