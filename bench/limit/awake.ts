/**
 * Keeps the loop of a bare socket awake for its answer, as `awakeMaxUs` does for ours: a process that is woken for each batch measures
 * the machine's wake-ups and little else.
 */
export class Awake {
  #until = 0;
  #isPlanned = false;

  /** Something was written. */
  onSent(): void {
    this.#until = performance.now() + awakeMaxMs;
    this.#plan();
  }

  /** A frame has come. */
  onReceived(): void {
    this.#until = 0;
  }

  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    setImmediate(this.#onTurn);
  }

  readonly #onTurn = (): void => {
    this.#isPlanned = false;
    if (performance.now() < this.#until) this.#plan();
  };
}

const awakeMaxMs = 0.5;
