/**
 * Keeps the loop of a bare socket awake for its answer, as `awakeMaxUs` does for ours: a process that is woken for each batch measures
 * the machine's wake-ups and little else.
 */
export class Awake {
  #until: number | undefined;
  #isPlanned = false;

  /** Something was written. */
  onSent(): void {
    if (this.#until !== undefined) return;
    this.#until = performance.now() + awakeMaxMs;
    this.#plan();
  }

  /** A frame has come. */
  onReceived(): void {
    this.#until = undefined;
  }

  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    setImmediate(this.#onTurn);
  }

  readonly #onTurn = (): void => {
    this.#isPlanned = false;
    if (this.#until === undefined) return;
    if (performance.now() < this.#until) this.#plan();
    else this.#until = undefined;
  };
}

const awakeMaxMs = 0.5;
