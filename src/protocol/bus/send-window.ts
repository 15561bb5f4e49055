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
  /** A ring, its places by `& mask`: what is held lies from `head` to `tail`, what this connection has not sent from `next`. */
  #items: (T | undefined)[] = [];
  #numbers: number[] = [];
  #sizes: number[] = [];
  #mask = ringSize - 1;
  #head = 0;
  #next = 0;
  #tail = 0;
  #bytes = 0;
  #last = 0;
  #sent = 0;
  #acked = 0;
  #forgotten = 0;
  /** Up to here the owner was told of what may have arrived or not. */
  #toldUnknown = 0;

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
    return this.#tail - this.#next;
  }

  get heldBytes(): number {
    return this.#bytes;
  }

  /** Numbers an event; `undefined` when it was dropped because too many wait. */
  accept(item: T, bytes: number): number | undefined {
    this.#last += 1;
    while (this.#isFull(bytes) && this.#head < this.#next) this.#forgetOldest();
    if (this.#isFull(bytes)) return undefined;
    if (this.#tail - this.#head > this.#mask) this.#grow();
    const place = this.#tail & this.#mask;
    this.#items[place] = item;
    this.#numbers[place] = this.#last;
    this.#sizes[place] = bytes;
    this.#tail += 1;
    this.#bytes += bytes;
    return this.#last;
  }

  /** The next event to send, without taking it. */
  peek(): T | undefined {
    return this.#next === this.#tail ? undefined : this.#items[this.#next & this.#mask];
  }

  /** The number of what `peek` gives. */
  get nextNumber(): number {
    return this.#numberAt(this.#next);
  }

  /** Marks what `peek` gave as sent. */
  advance(): void {
    if (this.#next === this.#tail) return;
    const number = this.#numberAt(this.#next);
    this.#next += 1;
    if (number > this.#sent) this.#sent = number;
  }

  /** Takes a cumulative acknowledgement; one that is beyond what was sent, or old, changes nothing and returns false. */
  acknowledge(number: number): boolean {
    if (number <= this.#acked || number > this.#last) return false;
    this.#acked = number;
    while (this.#head < this.#tail && this.#numberAt(this.#head) <= number) this.#dropHead();
    return true;
  }

  /**
   * A new connection to the same life of the peer, which says up to where it received. What it lacks is sent again; what is no
   * longer held and was not told before is returned: it may have arrived or not.
   */
  resume(received: number): NumberRange | undefined {
    this.acknowledge(Math.min(received, this.#tellable));
    this.#next = this.#head;
    return this.#tellUnknown(this.#forgotten);
  }

  /**
   * Forgets what was sent on any connection and is not acknowledged: it will not be sent again, and the receiver sees a gap. Returns
   * what was not told before.
   */
  giveUpSent(): NumberRange | undefined {
    while (this.#head < this.#tail && this.#numberAt(this.#head) <= this.#sent) this.#forgetOldest();
    return this.#tellUnknown(this.#sent);
  }

  /** The peer's window is over. Returns what it may or may not have got, and what it certainly never saw, in order. */
  abandon(): Abandoned<T> {
    const unsent: T[] = [];
    for (let index = this.#head; index < this.#tail; index += 1) {
      const item = this.#items[index & this.#mask];
      if (item !== undefined && this.#numberAt(index) > this.#sent) unsent.push(item);
    }
    const unknown = this.#tellUnknown(this.#sent);
    this.#items = [];
    this.#numbers = [];
    this.#sizes = [];
    this.#mask = ringSize - 1;
    this.#head = 0;
    this.#next = 0;
    this.#tail = 0;
    this.#bytes = 0;
    this.#last = 0;
    this.#sent = 0;
    this.#acked = 0;
    this.#forgotten = 0;
    this.#toldUnknown = 0;
    return { unknown, unsent };
  }

  /** Up to here nothing waits that was never sent: numbers above `sent` were dropped, and the peer may have been told that. */
  get #tellable(): number {
    for (let index = this.#next; index < this.#tail; index += 1) {
      const number = this.#numberAt(index);
      if (number > this.#sent) return number - 1;
    }
    return this.#last;
  }

  /** What is neither acknowledged nor told yet, up to `to`. */
  #tellUnknown(to: number): NumberRange | undefined {
    const from = Math.max(this.#acked, this.#toldUnknown) + 1;
    if (to < from) return undefined;
    this.#toldUnknown = to;
    return { from, to };
  }

  #isFull(moreBytes: number): boolean {
    const held = this.#tail - this.#head;
    // One event is always held, whatever its size: the limit of a value is checked elsewhere.
    return held >= this.#limits.eventsMax || (held > 0 && this.#bytes + moreBytes > this.#limits.bytesMax);
  }

  #forgetOldest(): void {
    this.#forgotten = this.#numberAt(this.#head);
    this.#dropHead();
  }

  #dropHead(): void {
    const place = this.#head & this.#mask;
    this.#bytes -= this.#sizes[place] ?? 0;
    this.#items[place] = undefined;
    this.#head += 1;
    if (this.#next < this.#head) this.#next = this.#head;
  }

  #numberAt(index: number): number {
    return this.#numbers[index & this.#mask] ?? 0;
  }

  /** Doubles the ring; it stays as large as the window once had to be. */
  #grow(): void {
    const [items, numbers, sizes, mask] = [this.#items, this.#numbers, this.#sizes, this.#mask];
    const places = Array.from({ length: this.#tail - this.#head }, (_, index) => (this.#head + index) & mask);
    const empty = Array.from(places, () => 0);
    this.#items = [...places.map((place) => items[place]), ...empty.map(() => undefined)];
    this.#numbers = [...places.map((place) => numbers[place] ?? 0), ...empty];
    this.#sizes = [...places.map((place) => sizes[place] ?? 0), ...empty];
    this.#mask = mask * 2 + 1;
    this.#next -= this.#head;
    this.#tail -= this.#head;
    this.#head = 0;
  }
}

/** Where rings begin; a power of two. */
const ringSize = 64;

/** Bounds of one lane's window. */
export interface SendWindowLimits {
  readonly eventsMax: number;
  readonly bytesMax: number;
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
