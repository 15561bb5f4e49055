/** What the producer of a credit source is given. After its end every method does nothing. */
export interface CreditRequest<T> {
  /** Called whenever more items are wanted, with how many more. */
  onCredit(listener: (count: number) => void): void;
  /** Sends one item. More than were asked for is a programmer's error and ends the stream with `overflow`. */
  next(item: T): void;
  complete(): void;
  fail(error: unknown): void;
  /** Aborted when nobody wants the items any more. */
  readonly signal: AbortSignal;
}

/** A source that produces no faster than it is asked to. Made by `fromCredit`. */
export interface CreditSource<T> {
  readonly kind: 'credit';
  readonly produce: (request: CreditRequest<T>) => void;
}
