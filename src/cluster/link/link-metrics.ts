import type { Counter, Metrics } from '../../spi/metrics.js';
import type { RsocketCounters } from '../../protocol/rsocket/stream.js';

/** Counters of links. Frames are counted by the engines; here their growth is carried over once in a while. */
export class LinkMetrics {
  readonly #metrics: Metrics;
  readonly #events = new Map<string, Counter>();
  readonly #drops = new Map<string, Counter>();
  readonly #seen = new WeakMap<RsocketCounters, RsocketCounters>();

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  /** Counts something that happened to a connection. */
  count(event: LinkCount): void {
    let counter = this.#events.get(event);
    if (counter === undefined) {
      counter = this.#metrics.counter('scalebus_link_events_total', 'What happened to connections, by event', {
        event,
      });
      this.#events.set(event, counter);
    }
    counter.add();
  }

  /** Carries over what an engine counted since the last time. */
  collect(counters: RsocketCounters): void {
    const before = this.#seen.get(counters);
    for (const cause of causes) this.#add(cause, counters[cause] - (before?.[cause] ?? 0));
    this.#seen.set(counters, { ...counters });
  }

  #add(cause: string, count: number): void {
    if (count === 0) return;
    let counter = this.#drops.get(cause);
    if (counter === undefined) {
      counter = this.#metrics.counter('scalebus_link_dropped_frames_total', 'Frames without effect, by cause', {
        cause,
      });
      this.#drops.set(cause, counter);
    }
    counter.add(count);
  }
}

/** What is counted of connections. */
export type LinkCount =
  | 'up'
  | 'down'
  | 'dialed'
  | 'dial-failed'
  | 'accepted'
  | 'refused-full'
  | 'refused-hello'
  | 'refused-stock'
  | 'hello-timeout'
  | 'duplicate'
  | 'callback-failed'
  | 'exchange'
  | 'exchange-failed';

const causes: readonly (keyof RsocketCounters)[] = [
  'malformed',
  'late',
  'ignored',
  'unknown',
  'refused',
  'overCredit',
  'oversize',
  'callbackFailures',
];
