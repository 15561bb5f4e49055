/** A first-in first-out ring with a fixed bound. `push` on a full queue returns false and changes nothing. */
export class BoundedQueue<T> {
  readonly max: number;
  #items: (T | undefined)[];
  #head = 0;
  #size = 0;

  constructor(max: number) {
    this.max = max;
    this.#items = Array.from({ length: Math.min(16, max) });
  }

  get size(): number {
    return this.#size;
  }

  push(item: T): boolean {
    if (this.#size >= this.max) return false;
    if (this.#size === this.#items.length) this.#grow();
    this.#items[(this.#head + this.#size) % this.#items.length] = item;
    this.#size += 1;
    return true;
  }

  /** Removes and returns the oldest. */
  shift(): T | undefined {
    if (this.#size === 0) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head] = undefined;
    this.#head = (this.#head + 1) % this.#items.length;
    this.#size -= 1;
    return item;
  }

  peek(): T | undefined {
    return this.#size === 0 ? undefined : this.#items[this.#head];
  }

  clear(): void {
    this.#items = Array.from({ length: Math.min(16, this.max) });
    this.#head = 0;
    this.#size = 0;
  }

  #grow(): void {
    const grown: (T | undefined)[] = Array.from({
      length: Math.min(this.max, this.#items.length * 2),
    });
    for (let index = 0; index < this.#size; index += 1) {
      grown[index] = this.#items[(this.#head + index) % this.#items.length];
    }
    this.#items = grown;
    this.#head = 0;
  }
}
