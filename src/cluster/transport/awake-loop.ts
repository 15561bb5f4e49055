import { after, type Clock, type MonotonicMs } from '../../core/clock.js';

/** How an `AwakeLoop` waits. */
export interface AwakeLoopOptions {
  readonly clock: Clock;
  /** Longest time that it stays awake after the first thing sent that nothing has come for, in us. */
  readonly awakeMaxUs: number;
}

/**
 * Keeps the event loop from falling asleep for a moment after this process sent something, so that an answer finds it awake: where
 * cores sleep as well, to be woken costs both sides more than most calls do. It asks the system for bytes again and again meanwhile,
 * and so takes a core that others may want (decisions/0011). It knows no calls: whatever comes over any link is taken for the answer.
 *
 * A process that nobody answers in time soon stops it, however much it sends: after a wait in vain it lets sends go by, 1 and then
 * 2, 4, 8, up to `letByMax`; each answer in time takes one step back.
 */
export class AwakeLoop {
  readonly #clock: Clock;
  readonly #awakeMaxMs: number;
  /** When the wait that is going on ends. */
  #until: MonotonicMs | undefined;
  #isPlanned = false;
  /** How many sends the next wait in vain lets go by. */
  #letByNext = 1;
  /** Sends that still go by without a wait. */
  #letBy = 0;

  constructor(options: AwakeLoopOptions) {
    this.#clock = options.clock;
    this.#awakeMaxMs = options.awakeMaxUs / 1000;
  }

  /** Bytes were written. */
  onSent(): void {
    // What is sent during a wait does not lengthen it: who sends all the time without an answer would never wait in vain.
    if (this.#until !== undefined) return;
    if (this.#letBy > 0) {
      this.#letBy -= 1;
      return;
    }
    this.#until = after(this.#clock.now(), this.#awakeMaxMs);
    this.#plan();
  }

  /** Bytes have come. */
  onReceived(): void {
    if (this.#until === undefined) return;
    this.#until = undefined;
    this.#letByNext = Math.max(this.#letByNext / 2, 1);
  }

  /** A turn that is asked for keeps the loop from sleeping until it has looked for bytes. */
  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    this.#clock.afterTurn(this.#onTurn);
  }

  readonly #onTurn = (): void => {
    this.#isPlanned = false;
    if (this.#until === undefined) return;
    if (this.#clock.now() < this.#until) return this.#plan();
    this.#until = undefined;
    this.#letBy = this.#letByNext;
    this.#letByNext = Math.min(this.#letByNext * 2, letByMax);
  };
}

/** One wait in vain for so many sends costs a process that is never answered nearly nothing. */
const letByMax = 64;
