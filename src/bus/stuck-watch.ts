import type { StreamFault } from '../spi/links.js';

/**
 * Notices a lane that cannot go on: its peer ended two connections in a row over what was on its way, and got no further in between.
 * What was on its way is given up then, for an event that a peer will never take must not block those behind it for good.
 */
export class StuckWatch {
  #refusals = 0;
  #place = 0;

  /** A connection is over whose peer had not acknowledged all that was sent on it. */
  ended(fault: StreamFault): void {
    if (fault.kind === 'remote' || fault.reason === 'protocol') this.#refusals += 1;
  }

  /** The next connection goes on behind `received`. True when what was sent already is to be given up; it is said once. */
  isStuckAt(received: number): boolean {
    if (received !== this.#place) this.#refusals = Math.min(this.#refusals, 1);
    this.#place = received;
    if (this.#refusals < refusalsMax) return false;
    this.#refusals = 0;
    return true;
  }
}

/** Refusals at one place: one may be an accident, and each takes a reconnect. */
const refusalsMax = 2;
