/**
 * What came of confirmed events of one window, and what has not come yet. The lane of the moment sends each result; a lane that
 * takes over after a reconnect sends the last results again, for nobody knows which of them arrived.
 */
export class HandledReports {
  #open = 0;
  /** By number, oldest first. */
  readonly #results = new Map<number, number>();
  #send: ReportSender | undefined;
  #waiting: (() => void)[] = [];

  /** Another lane sends from now on. Returns what it should send again. */
  attach(send: ReportSender): ReadonlyMap<number, number> {
    this.#send = send;
    return this.#results;
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
    this.#results.set(number, code);
    if (this.#results.size > resultsMax) this.#forgetOldest();
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

  #forgetOldest(): void {
    for (const oldest of this.#results.keys()) {
      this.#results.delete(oldest);
      return;
    }
  }
}

/** Sends one result to the peer; see `handledCode`. */
export type ReportSender = (number: number, code: number) => void;

/** Results that are kept for a reconnect; a confirmation whose result is forgotten ends by its deadline. */
const resultsMax = 1024;
