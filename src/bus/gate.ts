/**
 * Counts what must be done before something else may begin: the handlers of one priority tier before the next, all handlers
 * before a `handled` confirmation. It is made held once by its maker, who releases it after the last `hold`.
 */
export class Gate {
  #open = 1;
  #failed = 0;
  #waiting: (() => void)[] | undefined;

  get isOpen(): boolean {
    return this.#open === 0;
  }

  /** Holds that ended badly: a handler threw, or the event was dropped. */
  get failed(): number {
    return this.#failed;
  }

  hold(): void {
    this.#open += 1;
  }

  /** Ends one hold. The last one runs, in order, what waits. */
  settle(succeeded: boolean): void {
    if (!succeeded) this.#failed += 1;
    this.#open -= 1;
    if (this.#open > 0 || this.#waiting === undefined) return;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    for (const run of waiting) run();
  }

  /** Calls `run` once when the gate opens; at once when it already is. */
  whenOpen(run: () => void): void {
    if (this.isOpen) run();
    else (this.#waiting ??= []).push(run);
  }
}
