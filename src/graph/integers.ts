/** A growing list of 32-bit integers: a third of the memory of an array, and handed out without a copy. */
export class Integers {
  length = 0;
  #items = new Int32Array(64);

  push(value: number): void {
    if (this.length === this.#items.length) {
      const grown = new Int32Array(this.length * 2);
      grown.set(this.#items);
      this.#items = grown;
    }
    this.#items[this.length++] = value;
  }

  at(index: number): number {
    return this.#items[index]!;
  }

  set(index: number, value: number): void {
    this.#items[index] = value;
  }

  /** What is in it, as it is now. */
  taken(): Int32Array {
    return this.#items.subarray(0, this.length);
  }
}
