import { Listeners, type Unlisten } from './listeners.js';

/** Says that the work is no longer wanted. The pure rooms have no AbortSignal; the public border translates. */
export interface CancelToken {
  readonly cancelled: boolean;
  /** Why, as given to `cancel`. */
  readonly reason: unknown;
  /** Calls `handle` once when cancelled; at once when it already is. */
  listen(handle: (reason: unknown) => void): Unlisten;
}

/** The side that cancels. Cancelling twice keeps the first reason. */
export class CancelSource implements CancelToken {
  readonly #listeners = new Listeners<unknown>();
  #cancelled = false;
  #reason: unknown;

  get cancelled(): boolean {
    return this.#cancelled;
  }

  get reason(): unknown {
    return this.#reason;
  }

  listen(handle: (reason: unknown) => void): Unlisten {
    if (this.#cancelled) {
      handle(this.#reason);
      return () => undefined;
    }
    return this.#listeners.add(handle);
  }

  cancel(reason?: unknown): void {
    if (this.#cancelled) return;
    this.#cancelled = true;
    this.#reason = reason;
    this.#listeners.tell(reason);
  }
}
