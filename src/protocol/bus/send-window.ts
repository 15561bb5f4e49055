/**
 * The sending end of one lane: numbers events as they are accepted, holds them until the peer has acknowledged them, and knows
 * after a reconnect which to send again. Numbers belong to the window (one for each pair of lives), not to a connection.
 *
 * Bounds: `eventsMax` and `bytesMax` hold for sent and unsent together. When they are reached, the oldest sent events are forgotten
 * first (they can no longer be sent again); when all are unsent, the new event is dropped, and its number with it, so that the
 * receiver sees the gap. Nothing here is told twice.
 */
export class SendWindow<T> {
  readonly #limits: SendWindowLimits;
  #entries: (SendEntry<T> | undefined)[] = [];
  /** Index of the oldest held, and of the first that this connection has not sent. */
  #head = 0;
  #next = 0;
  #bytes = 0;
  #last = 0;
  #sent = 0;
  #acked = 0;
  #forgotten = 0;

  constructor(limits: SendWindowLimits) {
    this.#limits = limits;
  }

  /** The last number given. */
  get last(): number {
    return this.#last;
  }

  /** The highest number sent on any connection. */
  get sent(): number {
    return this.#sent;
  }

  get acked(): number {
    return this.#acked;
  }

  /** Accepted and not acknowledged; what the least-in-flight strategy compares. */
  get inFlight(): number {
    return this.#last - this.#acked;
  }

  get unsentCount(): number {
    return this.#entries.length - this.#next;
  }

  get heldBytes(): number {
    return this.#bytes;
  }

  /** Numbers an event; `undefined` when it was dropped because too many wait. */
  accept(item: T, bytes: number): number | undefined {
    this.#last += 1;
    while (this.#isFull(bytes) && this.#head < this.#next) this.#forgetOldest();
    if (this.#isFull(bytes)) return undefined;
    this.#entries.push({ number: this.#last, item, bytes });
    this.#bytes += bytes;
    return this.#last;
  }

  /** The next event to send, without taking it. */
  peek(): SendEntry<T> | undefined {
    return this.#entries[this.#next];
  }

  /** Marks what `peek` gave as sent. */
  advance(): void {
    const entry = this.#entries[this.#next];
    if (entry === undefined) return;
    this.#next += 1;
    if (entry.number > this.#sent) this.#sent = entry.number;
  }

  /** Takes a cumulative acknowledgement; one that is beyond what was sent, or old, changes nothing and returns false. */
  acknowledge(number: number): boolean {
    if (number <= this.#acked || number > this.#last) return false;
    this.#acked = number;
    for (let entry = this.#entries[this.#head]; entry !== undefined && entry.number <= number;) {
      this.#dropHead(entry);
      entry = this.#entries[this.#head];
    }
    this.#compact();
    return true;
  }

  /**
   * A new connection to the same life of the peer, which says up to where it received. What it lacks is sent again; what is no
   * longer held is returned: it may have arrived or not.
   */
  resume(received: number): NumberRange | undefined {
    this.acknowledge(Math.min(received, this.#sent));
    this.#next = this.#head;
    const from = this.#acked + 1;
    return this.#forgotten >= from ? { from, to: this.#forgotten } : undefined;
  }

  /** The peer's window is over. Returns what it may or may not have got, and what it certainly never saw, in order. */
  abandon(): Abandoned<T> {
    const unsent: T[] = [];
    for (let index = this.#head; index < this.#entries.length; index += 1) {
      const entry = this.#entries[index];
      if (entry !== undefined && entry.number > this.#sent) unsent.push(entry.item);
    }
    const unknown = this.#sent > this.#acked ? { from: this.#acked + 1, to: this.#sent } : undefined;
    this.#entries = [];
    this.#head = 0;
    this.#next = 0;
    this.#bytes = 0;
    this.#last = 0;
    this.#sent = 0;
    this.#acked = 0;
    this.#forgotten = 0;
    return { unknown, unsent };
  }

  #isFull(moreBytes: number): boolean {
    const held = this.#entries.length - this.#head;
    // One event is always held, whatever its size: the limit of a value is checked elsewhere.
    return held >= this.#limits.eventsMax || (held > 0 && this.#bytes + moreBytes > this.#limits.bytesMax);
  }

  #forgetOldest(): void {
    const entry = this.#entries[this.#head];
    if (entry === undefined) return;
    this.#forgotten = entry.number;
    this.#dropHead(entry);
    this.#compact();
  }

  #dropHead(entry: SendEntry<T>): void {
    this.#bytes -= entry.bytes;
    this.#entries[this.#head] = undefined;
    this.#head += 1;
    if (this.#next < this.#head) this.#next = this.#head;
  }

  /** Gives the empty front of the array back, now and then, so that a step costs the same on average. */
  #compact(): void {
    if (this.#head < 256 || this.#head * 2 < this.#entries.length) return;
    this.#entries = this.#entries.slice(this.#head);
    this.#next -= this.#head;
    this.#head = 0;
  }
}

/** Bounds of one lane's window. */
export interface SendWindowLimits {
  readonly eventsMax: number;
  readonly bytesMax: number;
}

/** One numbered event. */
export interface SendEntry<T> {
  readonly number: number;
  readonly item: T;
  readonly bytes: number;
}

/** Numbers from `from` to `to`, both included. */
export interface NumberRange {
  readonly from: number;
  readonly to: number;
}

/** What became of a window that ended. */
export interface Abandoned<T> {
  /** Sent and never acknowledged: delivery unknown. */
  readonly unknown: NumberRange | undefined;
  /** Accepted and never sent. */
  readonly unsent: readonly T[];
}
