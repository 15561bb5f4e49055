import { after, type CancelTimer, type Clock } from '../core/clock.js';
import type { Link } from '../spi/links.js';
import type { LaneConfirms } from './lane-confirms.js';

/**
 * Confirms what was written: `written` is told once the link's buffer was seen empty after the event was handed over. As a rule that is
 * at the end of the turn; a link that the operating system holds up is looked at every millisecond.
 */
export class WrittenWatch {
  readonly #clock: Clock;
  readonly #confirms: LaneConfirms;
  #link: Link | undefined;
  /** Up to here events were handed over. */
  #sent = 0;
  #isLooking = false;
  #cancelTimer: CancelTimer | undefined;

  constructor(clock: Clock, confirms: LaneConfirms) {
    this.#clock = clock;
    this.#confirms = confirms;
  }

  /** Everything up to `sent` was handed to the link in this turn or before; its link writes behind its lanes. */
  handedOver(link: Link, sent: number): void {
    this.#link = link;
    this.#sent = sent;
    if (this.#isLooking || !this.#confirms.awaitsWritten(sent)) return;
    this.#isLooking = true;
    this.#clock.afterTurn(this.#look);
  }

  /** The link is gone. */
  end(): void {
    this.#link = undefined;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  readonly #look = (): void => {
    this.#isLooking = false;
    const link = this.#link;
    if (link === undefined || !this.#confirms.awaitsWritten(this.#sent)) return;
    // A link that has ended holds nothing either.
    if (link.up && link.bufferedBytes === 0) this.#confirms.written(this.#sent);
    else this.#lookLater();
  };

  #lookLater(): void {
    if (this.#cancelTimer !== undefined) return;
    this.#cancelTimer = this.#clock.setTimer(after(this.#clock.now(), writtenCheckMs), () => {
      this.#cancelTimer = undefined;
      this.#look();
    });
  }
}

const writtenCheckMs = 1;
