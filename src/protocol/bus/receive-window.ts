/**
 * The receiving end of one lane: takes numbered events, drops those that came before, and notices those that are missing. It says
 * when an acknowledgement is due: after `ackEventsMax` events, or `ackDelayMs` after the first that is not acknowledged.
 */
export class ReceiveWindow {
  /** Names the sender's window; another one means that the sender began anew. */
  readonly windowId: number;
  /**
   * The sender had sent in it before this was made: what came then is forgotten here, and its events could come twice. It MUST never
   * be gone on with, also if the sender did not hear of that; told, it begins another.
   */
  readonly isForgotten: boolean;
  #last = 0;
  #cursor = 0;
  #ackedTo = 0;
  #finished = false;
  #duplicates = 0;

  constructor(windowId: number, isForgotten = false) {
    this.windowId = windowId;
    this.isForgotten = isForgotten;
  }

  /** The highest number that came, or was told to be missing. */
  get last(): number {
    return this.#last;
  }

  get duplicates(): number {
    return this.#duplicates;
  }

  /** True once the sender said its final number. */
  get finished(): boolean {
    return this.#finished;
  }

  get unacknowledged(): number {
    return this.#last - this.#ackedTo;
  }

  /** The events that follow are numbered from `number`. Returns the missing range before it, which counts as dealt with. */
  base(number: number): MissingRange | undefined {
    this.#cursor = number - 1;
    return this.#skipTo(number - 1);
  }

  /** One event came. Returns its number, or `undefined` when it came before. */
  event(): number | undefined {
    this.#cursor += 1;
    if (this.#cursor <= this.#last) {
      this.#duplicates += 1;
      return undefined;
    }
    this.#last = this.#cursor;
    return this.#last;
  }

  /** The sender will send nothing after `number`. Returns what is missing up to it. */
  final(number: number): MissingRange | undefined {
    this.#finished = true;
    return this.#skipTo(number);
  }

  /** The number to acknowledge, or `undefined` when there is nothing new; it counts as acknowledged then. */
  takeAck(): number | undefined {
    if (this.#last === this.#ackedTo) return undefined;
    this.#ackedTo = this.#last;
    return this.#last;
  }

  #skipTo(number: number): MissingRange | undefined {
    if (number <= this.#last) return undefined;
    const missing = { from: this.#last + 1, to: number };
    this.#last = number;
    return missing;
  }
}

/** Numbers that never came, both included. */
export interface MissingRange {
  readonly from: number;
  readonly to: number;
}

/** An acknowledgement is due after so many events (architecture, Bus). */
export const ackEventsMax = 256;

/** An acknowledgement is due so long after the first event that waits for one. */
export const ackDelayMs = 100;
