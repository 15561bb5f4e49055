import type { Clock } from '../../core/clock.js';
import { Listeners, type Unlisten } from '../../core/listeners.js';
import type { MemberEvent } from '../../spi/membership.js';

/**
 * Hands member events to listeners, in order, and never while the machine is being called: a listener may call the membership
 * again. Events of a datagram or a tick are told when that is done, events of a call by the user in the next turn.
 */
export class MemberTeller {
  readonly #clock: Clock;
  readonly #listeners = new Listeners<MemberEvent>();
  #waiting: MemberEvent[] = [];
  #telling = false;
  #planned = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  listen(listener: (event: MemberEvent) => void): Unlisten {
    return this.#listeners.add(listener);
  }

  /** Keeps an event until it is told. */
  add(event: MemberEvent): void {
    this.#waiting.push(event);
  }

  /** Tells what waits, now. */
  flush(): void {
    if (this.#telling) return;
    this.#telling = true;
    try {
      // A listener's own calls may add more, which are told in their turn.
      while (this.#waiting.length > 0) {
        const events = this.#waiting;
        this.#waiting = [];
        for (const event of events) this.#listeners.tell(event);
      }
    } finally {
      this.#telling = false;
    }
  }

  /** Tells what waits, in the next turn. */
  flushLater(): void {
    if (this.#planned || this.#waiting.length === 0) return;
    this.#planned = true;
    this.#clock.afterTurn(() => {
      this.#planned = false;
      this.flush();
    });
  }
}
