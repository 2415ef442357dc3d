/** Minimum length at which collected objects are removed. */
const few = 64;

/** A list that holds its objects weakly, in order of insertion. */
export class WeakList<T extends object> {
  #refs: WeakRef<T>[] = [];
  #limit = few;

  add(object: T): void {
    this.#refs.push(new WeakRef(object));
    if (this.#refs.length <= this.#limit) return;
    this.#refs = this.#refs.filter((ref) => ref.deref() !== undefined);
    this.#limit = Math.max(few, 2 * this.#refs.length);
  }

  /** The live objects, newest first. */
  *all(): Generator<T> {
    for (let i = this.#refs.length - 1; i >= 0; i--) {
      const object = this.#refs[i]!.deref();
      if (object) yield object;
    }
  }
}
