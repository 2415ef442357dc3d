/** Fewer than this are not looked through for what is gone. */
const few = 64;

/** Objects in the order in which they were added, each for as long as something else holds it. */
export class WeakList<T extends object> {
  #refs: WeakRef<T>[] = [];
  #limit = few;

  add(object: T): void {
    this.#refs.push(new WeakRef(object));
    if (this.#refs.length <= this.#limit) return;
    this.#refs = this.#refs.filter((ref) => ref.deref() !== undefined);
    this.#limit = Math.max(few, 2 * this.#refs.length);
  }

  /** Those that are not gone, the last one first. */
  *all(): Generator<T> {
    for (let i = this.#refs.length - 1; i >= 0; i--) {
      const object = this.#refs[i]!.deref();
      if (object) yield object;
    }
  }
}
