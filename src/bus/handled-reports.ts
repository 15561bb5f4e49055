/**
 * What came of confirmed events of one window, and what has not come yet. The lane of the moment sends each result; a lane that
 * takes over after a reconnect sends the last results again, for nobody knows which of them arrived.
 */
export class HandledReports {
  #open = 0;
  /** The last results: numbers and codes, in a ring once there are `resultsMax`. */
  readonly #numbers: number[] = [];
  readonly #codes: number[] = [];
  #next = 0;
  #send: ReportSender | undefined;
  #waiting: (() => void)[] = [];

  /** Another lane sends from now on. Returns what it should send again: numbers and codes, oldest first. */
  attach(send: ReportSender): readonly (readonly [number, number])[] {
    this.#send = send;
    return this.#numbers.map((_, index) => {
      const at = (this.#next + index) % this.#numbers.length;
      return [this.#numbers[at] ?? 0, this.#codes[at] ?? 0];
    });
  }

  /** A lane is over; one that has taken over already is left alone. */
  detach(send: ReportSender): void {
    if (this.#send === send) this.#send = undefined;
  }

  /** An event came whose sender waits. */
  begin(): void {
    this.#open += 1;
  }

  /** Its handlers are done. */
  settle(number: number, code: number): void {
    this.#open -= 1;
    this.#numbers[this.#next] = number;
    this.#codes[this.#next] = code;
    this.#next = (this.#next + 1) % resultsMax;
    this.#send?.(number, code);
    if (this.#open > 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const run of waiting) run();
  }

  /** Calls `run` once when no sender waits for a handler. */
  whenIdle(run: () => void): void {
    if (this.#open === 0) run();
    else this.#waiting.push(run);
  }
}

/** Sends one result to the peer; see `handledCode`. */
export type ReportSender = (number: number, code: number) => void;

/** Results that are kept for a reconnect; a confirmation whose result is forgotten ends by its deadline. */
const resultsMax = 1024;
