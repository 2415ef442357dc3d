/** A priority queue of events by time. */
export class Heap<T> {
  readonly #times: number[] = [];
  readonly #items: T[] = [];

  push(time: number, item: T): void {
    let at = this.#times.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#times[parent]! <= time) break;
      this.#set(at, this.#times[parent]!, this.#items[parent]!);
      at = parent;
    }
    this.#set(at, time, item);
  }

  /** The earliest. */
  pop(): readonly [time: number, item: T] {
    const first = [this.#times[0]!, this.#items[0]!] as const;
    const [time, item] = [this.#times.pop()!, this.#items.pop()!];
    if (this.#times.length > 0) this.#sink(time, item);
    return first;
  }

  #sink(time: number, item: T): void {
    const count = this.#times.length;
    let at = 0;
    for (let child = 1; child < count; child = 2 * at + 1) {
      if (child + 1 < count && this.#times[child + 1]! < this.#times[child]!) child++;
      if (this.#times[child]! >= time) break;
      this.#set(at, this.#times[child]!, this.#items[child]!);
      at = child;
    }
    this.#set(at, time, item);
  }

  #set(at: number, time: number, item: T): void {
    this.#times[at] = time;
    this.#items[at] = item;
  }
}
