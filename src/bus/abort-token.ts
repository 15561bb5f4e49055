import type { CancelToken } from '../core/cancel.js';
import type { Unlisten } from '../core/listeners.js';

/** An AbortSignal as what the rooms listen to. It holds no listener of its own, so a signal that lives long collects none. */
export class AbortToken implements CancelToken {
  readonly #signal: AbortSignal;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  get cancelled(): boolean {
    return this.#signal.aborted;
  }

  get reason(): unknown {
    return this.#signal.reason;
  }

  listen(handle: (reason: unknown) => void): Unlisten {
    const signal = this.#signal;
    if (signal.aborted) {
      handle(signal.reason);
      return () => undefined;
    }
    const tell = (): void => handle(signal.reason);
    signal.addEventListener('abort', tell, { once: true });
    return () => signal.removeEventListener('abort', tell);
  }
}
