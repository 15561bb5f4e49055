import { Observable } from 'rxjs/internal/Observable';
import { ClusterError } from '../core/errors.js';
import { createWanted } from './wanted.js';
import type { BusEvent, BusSubscription, EventHandler, OnlyValues, SubscribeOptions } from '../spi/bus.js';

/**
 * The events of some patterns as a cold Observable: each subscriber has a subscription of its own on the bus, from subscribe to
 * unsubscribe. An Observable cannot slow its source, so `block` is refused here. What an observer throws is RxJS's to report.
 */
export interface BusObservable extends Observable<BusEvent> {
  /** Resolves when every subscription that is alive now is known; see `BusSubscription.ready`. */
  ready(options?: { readonly scope?: 'local' | 'cluster'; readonly timeoutMs?: number }): Promise<void>;
  /** Replaces the patterns, and the set of `only`, for those that are subscribed and for those to come; as `BusSubscription.update`. */
  update(patterns: string | readonly string[], only?: OnlyValues): void;
  /** Completes everyone. */
  stop(): void;
}

/** What an Observable subscribes with: told of the end when the bus or the `error` policy ends the subscription. */
export type OpenSubscription = (
  patterns: string | readonly string[],
  handler: EventHandler,
  options: SubscribeOptions,
  onEnd: (error: ClusterError | undefined) => void,
) => BusSubscription;

/** Makes the Observable form of a subscription; throws `invalid-options` for `block`. */
export function createObservable(
  open: OpenSubscription,
  patterns: string | readonly string[],
  options: SubscribeOptions,
): BusObservable {
  if (options.overflow === 'block') {
    throw new ClusterError('invalid-options', 'overflow: an Observable cannot be slowed; subscribe with a handler');
  }
  let wanted = patterns;
  let currentOptions = options;
  const live = new Set<{ readonly subscription: BusSubscription; readonly complete: () => void }>();
  const observable = new Observable<BusEvent>((observer) => {
    const subscription = open(
      wanted,
      (event) => observer.next(event),
      currentOptions,
      (error) => (error === undefined ? observer.complete() : observer.error(error)),
    );
    const entry = { subscription, complete: (): void => observer.complete() };
    live.add(entry);
    return () => {
      live.delete(entry);
      subscription.stop();
    };
  });
  return Object.assign(observable, {
    async ready(readyOptions?: Parameters<BusSubscription['ready']>[0]): Promise<void> {
      await Promise.all([...live].map(({ subscription }) => subscription.ready(readyOptions)));
    },
    update(next: string | readonly string[], only?: OnlyValues): void {
      createWanted(next, only);
      for (const { subscription } of live) subscription.update(next, only);
      wanted = next;
      const { only: _before, ...rest } = currentOptions;
      currentOptions = only === undefined ? rest : { ...rest, only };
    },
    stop(): void {
      for (const { complete } of live) complete();
    },
  });
}
