import type { Clock, MonotonicMs } from '../core/clock.js';
import type { EventHandler, SubscriptionTiming } from '../spi/bus.js';
import { isThenable } from './thenable.js';

/**
 * Measures one event in so many of a subscription that asked for it: how long it waited here and how long its handler took. Subscriptions
 * that did not ask have none, and pay nothing.
 */
export class HandlerMeter {
  readonly #clock: Clock;
  readonly #every: number;
  readonly #lag = new Span();
  readonly #handler = new Span();
  #seen = 0;
  /** Of the event whose handler is called next. */
  #waitedMs = 0;

  constructor(clock: Clock, every: number) {
    this.#clock = clock;
    this.#every = every;
  }

  /** The handler, measured. */
  wrap(handler: EventHandler): EventHandler {
    return (event) => {
      const lagMs = this.#waitedMs;
      this.#waitedMs = 0;
      this.#seen += 1;
      if ((this.#seen - 1) % this.#every !== 0) return handler(event);
      this.#lag.add(lagMs);
      const end = this.#begin();
      let isLater = false;
      try {
        const result = handler(event);
        isLater = isThenable(result);
        if (isThenable(result)) void result.then(end, end);
        return result;
      } finally {
        if (!isLater) end();
      }
    };
  }

  /** Now, for an event that has to wait. */
  stamp(): MonotonicMs {
    return this.#clock.now();
  }

  /** The event whose handler is called next came then. */
  waited(arrivedAt: MonotonicMs): void {
    this.#waitedMs = this.#clock.now() - arrivedAt;
  }

  read(): SubscriptionTiming {
    const [lag, handler] = [this.#lag, this.#handler];
    return {
      samples: lag.count,
      lagMsMean: lag.mean,
      lagMsMax: lag.max,
      handlerMsMean: handler.mean,
      handlerMsMax: handler.max,
    };
  }

  #begin(): () => void {
    const startedAt = this.#clock.now();
    return () => this.#handler.add(this.#clock.now() - startedAt);
  }
}

class Span {
  count = 0;
  max = 0;
  #sum = 0;

  get mean(): number {
    return this.count === 0 ? 0 : this.#sum / this.count;
  }

  add(ms: number): void {
    this.count += 1;
    this.#sum += ms;
    this.max = Math.max(this.max, ms);
  }
}
