/**
 * Streams by id. Ids of one side are even or odd numbers that grow by two, so their upper bits are almost an index: a ring of
 * slots answers in 2-4 ns where a Map takes 15-30. An id whose slot is taken (a long-lived lane, or a peer that chooses its ids
 * to collide) goes to a Map beside the ring.
 */
export class StreamTable<T extends { readonly id: number }> {
  #slots: (T | undefined)[] = Array.from({ length: slotsMin });
  #mask = slotsMin - 1;
  readonly #others = new Map<number, T>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  find(id: number): T | undefined {
    const found = this.#slots[(id >>> 1) & this.#mask];
    if (found !== undefined && found.id === id) return found;
    return this.#others.size === 0 ? undefined : this.#others.get(id);
  }

  /** Adds an item whose id MUST NOT be there. */
  add(item: T): void {
    if (this.#size * 2 >= this.#slots.length && this.#slots.length < slotsMax) this.#grow();
    this.#place(item);
    this.#size += 1;
  }

  remove(id: number): void {
    const slot = (id >>> 1) & this.#mask;
    const found = this.#slots[slot];
    if (found !== undefined && found.id === id) {
      this.#slots[slot] = undefined;
      this.#size -= 1;
    } else if (this.#others.delete(id)) {
      this.#size -= 1;
    }
  }

  /** A snapshot, for the end of a connection. */
  all(): T[] {
    const items = [...this.#others.values()];
    for (const item of this.#slots) if (item !== undefined) items.push(item);
    return items.toSorted((left, right) => left.id - right.id);
  }

  #place(item: T): void {
    const slot = (item.id >>> 1) & this.#mask;
    if (this.#slots[slot] === undefined) this.#slots[slot] = item;
    else this.#others.set(item.id, item);
  }

  #grow(): void {
    const items = this.all();
    const length = this.#slots.length * 2;
    this.#slots = Array.from({ length });
    this.#mask = length - 1;
    this.#others.clear();
    for (const item of items) this.#place(item);
  }
}

const slotsMin = 64;
const slotsMax = 65_536;
