/** Ends one listening. Calling it twice does nothing. */
export type Unlisten = () => void;

/** A set of listeners. Adding or removing one while they are told is safe: it takes effect at the next telling. */
export class Listeners<T> {
  #listeners: readonly ((event: T) => void)[] = [];

  get size(): number {
    return this.#listeners.length;
  }

  add(listener: (event: T) => void): Unlisten {
    // A wrapper of its own, so that one function added twice is two listeners and is removed one by one.
    const own = (event: T): void => listener(event);
    this.#listeners = [...this.#listeners, own];
    return () => {
      this.#listeners = this.#listeners.filter((other) => other !== own);
    };
  }

  /** Tells everyone in order. A listener that throws is a programmer error and is not hidden. */
  tell(event: T): void {
    for (const listener of this.#listeners) listener(event);
  }

  /**
   * Tells everyone in order, whoever throws, and hands each throw to `onThrow`, which MUST NOT throw: for listeners of the
   * embedding program, where what they do wrong must not change the course of who tells.
   */
  tellEach(event: T, onThrow: (error: unknown) => void): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        onThrow(error);
      }
    }
  }
}
