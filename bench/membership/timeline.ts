/** Events in order of time, then of asking: a binary heap over columns, so that an event costs no object. */
export class Timeline {
  #at = new Float64Array(1024);
  #order = new Float64Array(1024);
  #event = new Int32Array(1024);
  #size = 0;
  #asked = 0;

  get size(): number {
    return this.#size;
  }

  /** The time of the first event, or infinity. */
  get nextAt(): number {
    return this.#size === 0 ? Number.POSITIVE_INFINITY : (this.#at[0] ?? 0);
  }

  push(at: number, event: number): void {
    if (this.#size === this.#at.length) this.#grow();
    const order = (this.#asked += 1);
    let index = this.#size++;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      // An equal time was asked for before.
      if ((this.#at[parent] ?? 0) <= at) break;
      this.#move(parent, index);
      index = parent;
    }
    this.#at[index] = at;
    this.#order[index] = order;
    this.#event[index] = event;
  }

  /** Takes the first event; ask `nextAt` before. */
  pop(): number {
    const first = this.#event[0] ?? -1;
    this.#size -= 1;
    if (this.#size > 0) this.#siftDown(this.#at[this.#size] ?? 0, this.#order[this.#size] ?? 0);
    return first;
  }

  #siftDown(at: number, order: number): void {
    const event = this.#event[this.#size] ?? 0;
    let index = 0;
    for (;;) {
      let child = index * 2 + 1;
      if (child >= this.#size) break;
      if (child + 1 < this.#size && this.#isBefore(child + 1, child)) child += 1;
      const childAt = this.#at[child] ?? 0;
      if (childAt > at || (childAt === at && (this.#order[child] ?? 0) > order)) break;
      this.#move(child, index);
      index = child;
    }
    this.#at[index] = at;
    this.#order[index] = order;
    this.#event[index] = event;
  }

  #isBefore(left: number, right: number): boolean {
    const leftAt = this.#at[left] ?? 0;
    const rightAt = this.#at[right] ?? 0;
    return leftAt < rightAt || (leftAt === rightAt && (this.#order[left] ?? 0) < (this.#order[right] ?? 0));
  }

  #move(from: number, to: number): void {
    this.#at[to] = this.#at[from] ?? 0;
    this.#order[to] = this.#order[from] ?? 0;
    this.#event[to] = this.#event[from] ?? 0;
  }

  #grow(): void {
    const size = this.#at.length * 2;
    const [at, order, event] = [new Float64Array(size), new Float64Array(size), new Int32Array(size)];
    at.set(this.#at);
    order.set(this.#order);
    event.set(this.#event);
    [this.#at, this.#order, this.#event] = [at, order, event];
  }
}
