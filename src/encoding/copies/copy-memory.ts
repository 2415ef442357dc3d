/** Stands for the copy of an object that is being looked at. */
export const open = Symbol('open');

/** Up to this many objects, a search is faster than a Map. */
const few = 8;

/** Which objects were copied, and to what. */
export class CopyMemory {
  #originals: object[] = [];
  #copies: (object | typeof open)[] = [];
  #map: Map<object, object | typeof open> | undefined;

  get(object: object): object | typeof open | undefined {
    if (this.#map) return this.#map.get(object);
    const at = this.#originals.indexOf(object);
    return at < 0 ? undefined : this.#copies[at];
  }

  set(object: object, copy: object | typeof open): void {
    if (this.#map) {
      this.#map.set(object, copy);
      return;
    }
    const at = this.#originals.indexOf(object);
    if (at >= 0) {
      this.#copies[at] = copy;
      return;
    }
    this.#originals.push(object);
    this.#copies.push(copy);
    if (this.#originals.length > few)
      this.#map = new Map(this.#originals.map((original, i) => [original, this.#copies[i]!]));
  }

  clear(): void {
    this.#originals = [];
    this.#copies = [];
    this.#map = undefined;
  }
}
