/**
 * Lifeguard's Local Health Multiplier (Dadgar et al., section IV-A): how much this node doubts itself. A failed probe, a missing nack and a
 * suspicion of ourselves add one, an answered probe takes one away; a node that doubts itself waits longer before it doubts others.
 */
export class LocalHealth {
  readonly #max: number;
  #score = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** 0 is healthy. */
  get score(): number {
    return this.#score;
  }

  /** What periods and timeouts are multiplied by. */
  get factor(): number {
    return this.#score + 1;
  }

  change(by: number): void {
    this.#score = Math.max(0, Math.min(this.#max, this.#score + by));
  }
}
