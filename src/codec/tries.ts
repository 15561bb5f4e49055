/**
 * Says whether a quick way is worth a try: always, until it was in vain for many values in a row, and then once in a few. Values that no
 * quick way takes would otherwise pay for each of them.
 */
export class Tries {
  readonly #inVainMax: number;
  #inVain = 0;

  constructor(inVainMax: number) {
    this.#inVainMax = inVainMax;
  }

  /** Counts as in vain until `succeed` says otherwise. */
  isWorthOne(): boolean {
    this.#inVain += 1;
    return this.#inVain <= this.#inVainMax || this.#inVain % oneIn === 0;
  }

  succeed(): void {
    this.#inVain = 0;
  }
}

const oneIn = 16;
