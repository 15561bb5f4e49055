import { after, type Clock } from '../core/clock.js';
import { ClusterError } from '../core/errors.js';
import { waitMaxMs } from '../core/limits.js';
import { checkNumber, checkOptionNames, checkWord } from '../core/options.js';
import type { BusSubscription, OnlyValues, SubscriptionStats } from '../spi/bus.js';

/** What handles of one kind of part share; there may be a million handles. */
export interface SubscriptionOwner<Part> {
  readonly clock: Clock;
  whenKnown(done: () => void): () => void;
  update(part: Part, patterns: string | readonly string[], only: OnlyValues | undefined): void;
  stop(part: Part): void;
}

const readyNames: ReadonlySet<string> = new Set(['scope', 'timeoutMs']);
const scopes: ReadonlySet<string> = new Set(['local', 'cluster']);

function doNothing(): void {
  // Until there is something to give up.
}

/** The handle that a user holds: nothing of the bus's insides can be reached through it. */
export class SubscriptionHandle<
  Part extends SubscriptionStats & { readonly id: string; readonly revision: number },
> implements BusSubscription {
  readonly #part: Part;
  readonly #owner: SubscriptionOwner<Part>;
  #stopped = false;

  constructor(part: Part, owner: SubscriptionOwner<Part>) {
    this.#part = part;
    this.#owner = owner;
  }

  get id(): string {
    return this.#part.id;
  }

  get stats(): SubscriptionStats {
    const { received, handled, dropped, failed, queued, timing } = this.#part;
    const counts = { received, handled, dropped, failed, queued };
    return timing === undefined ? counts : { ...counts, timing };
  }

  get revision(): number {
    return this.#part.revision;
  }

  async ready(options: Parameters<BusSubscription['ready']>[0] = {}): Promise<void> {
    checkOptionNames(options, readyNames, 'ready');
    const { scope = 'local', timeoutMs = 10_000 } = options;
    checkWord('scope', scope, scopes);
    checkNumber('timeoutMs', timeoutMs, 0, waitMaxMs);
    if (scope === 'cluster') await this.#untilKnown(timeoutMs);
  }

  update(patterns: string | readonly string[], only?: OnlyValues): void {
    if (this.#stopped) throw new ClusterError('stopped', `subscription ${this.id} is stopped`);
    this.#owner.update(this.#part, patterns, only);
  }

  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#owner.stop(this.#part);
  }

  #untilKnown(timeoutMs: number): Promise<void> {
    const { clock } = this.#owner;
    return new Promise((resolve, reject) => {
      let give = doNothing;
      const cancelTimer = clock.setTimer(after(clock.now(), timeoutMs), () => {
        give();
        const message = `not every peer knew subscription ${this.id} within ${timeoutMs} ms`;
        reject(new ClusterError('deadline-exceeded', message));
      });
      give = this.#owner.whenKnown(() => {
        cancelTimer();
        resolve();
      });
    });
  }
}
