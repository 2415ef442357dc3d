import { isArrayPrototype, isPlainPrototype } from '../../base/built-in-classes';
import { countLeadingNumbers, findExtraProperty, getterOf } from '../properties';
import { registeredTypeOf } from '../register-type';
import { type CopyRules, copyAtAnyDepth, fillProperties } from './copy-at-any-depth';
import { byteLengthOf, copyKindOf, copyLeaf, emptyErrorLike } from './copy-leaf';

/** Values that are deeper, or have a cycle through frozen data, need the slower `copyAtAnyDepth`. */
const maxDepth = 400;

/** Thrown and caught in this file, for values that need `copyAtAnyDepth`. */
const tooDeep = Symbol('too deep');

/**
 * Copies data: plain objects, arrays, Maps, Sets, Dates, RegExps, URLs, errors, bytes, and everything in them. An object
 * that occurs twice is copied once. Anything else (functions, instances of other classes) is shared; accessors are kept
 * and never called.
 */
export class Copier {
  /** Whether the copied values have parts that cannot be frozen, which each user needs a copy of. */
  hasMutable = false;
  readonly #rules: CopyRules;
  readonly #isChecked: boolean;
  readonly #copies = new CopyTable();

  /** @param isChecked whether values are known to have no accessors, symbol keys, hidden properties or holes */
  constructor(rules: CopyRules, isChecked = false) {
    this.#rules = rules;
    this.#isChecked = isChecked;
  }

  copy(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value;
    try {
      return this.#copyObject(value, 0);
    } catch (error) {
      if (error !== tooDeep) throw error;
      this.#copies.clear();
      const { value: copy, hasMutable } = copyAtAnyDepth(value, this.#rules, copyInstance);
      this.hasMutable ||= hasMutable;
      return copy;
    }
  }

  #copyObject(object: object, depth: number): object {
    const known = this.#copies.get(object);
    if (known === inProgress || depth > maxDepth) throw tooDeep;
    if (known !== undefined) return known;
    const prototype: object | null = Object.getPrototypeOf(object);
    if (Array.isArray(object))
      return isArrayPrototype(prototype) ? this.#copyArray(object, depth + 1) : this.#share(object);
    if (prototype === Object.prototype || isPlainPrototype(prototype))
      return this.#copyPlain(object as Record<string, unknown>, prototype === null, depth + 1);
    return this.#copyOther(object, prototype!, depth + 1);
  }

  #copyPlain(object: Record<string, unknown>, isBare: boolean, depth: number): object {
    const keys = Object.keys(object);
    if (!this.#isChecked && hasUnusualProperties(object, keys)) return this.#copyDescriptors(object, depth);
    const { freezes } = this.#rules;
    const shell = () => (isBare ? Object.assign(Object.create(null), object) : { ...object });
    const isReused = freezes && isFrozen(object);
    let copy: Record<string, unknown> | undefined = isReused ? undefined : shell();
    this.#copies.set(object, copy ?? inProgress);
    for (let i = 0; i < keys.length; i++) {
      const item = object[keys[i]!];
      if (typeof item !== 'object' || item === null) continue;
      const copied = this.#copyObject(item, depth);
      if (copied !== item) (copy ??= shell() as Record<string, unknown>)[keys[i]!] = copied;
    }
    return this.#finish(object, copy, isReused);
  }

  #copyArray(array: unknown[], depth: number): object {
    if (!this.#isChecked && findExtraProperty(array) !== undefined) return this.#copyDescriptors(array, depth);
    const { freezes } = this.#rules;
    const isReused = freezes && isFrozen(array);
    let copy = isReused ? undefined : array.slice();
    this.#copies.set(array, copy ?? inProgress);
    const { length } = array;
    for (let i = countLeadingNumbers(array); i < length; i++) {
      const item = array[i];
      if (typeof item !== 'object' || item === null) continue;
      const copied = this.#copyObject(item, depth);
      if (copied !== item) (copy ??= array.slice())[i] = copied;
    }
    return this.#finish(array, copy, isReused);
  }

  /** Copies objects and arrays with accessors, symbol keys or hidden properties. */
  #copyDescriptors(object: object, depth: number): object {
    const copy = Array.isArray(object) ? [] : Object.create(Object.getPrototypeOf(object));
    this.#copies.set(object, copy);
    fillProperties(object, copy, (item) => this.#copyItem(item, depth));
    return this.#finish(object, copy, false);
  }

  /** @param wasOpen whether the copy of the object is not recorded yet */
  #finish(object: object, copy: object | undefined, wasOpen: boolean): object {
    if (copy && this.#rules.freezes) Object.freeze(copy);
    if (wasOpen) this.#copies.set(object, copy ?? object);
    return copy ?? object;
  }

  #copyOther(object: object, prototype: object, depth: number): object {
    const kind = copyKindOf(object, prototype);
    switch (kind) {
      case 'map': {
        const copy = new Map<unknown, unknown>();
        this.#setMutable(object, copy);
        for (const [key, item] of object as Map<unknown, unknown>)
          copy.set(this.#copyItem(key, depth), this.#copyItem(item, depth));
        return copy;
      }
      case 'set': {
        const copy = new Set<unknown>();
        this.#setMutable(object, copy);
        for (const item of object as Set<unknown>) copy.add(this.#copyItem(item, depth));
        return copy;
      }
      case 'error': {
        const copy = emptyErrorLike(object as Error);
        this.#setMutable(object, copy);
        fillProperties(object, copy, (item) => this.#copyItem(item, depth));
        return copy;
      }
      case 'bytes':
        this.hasMutable = true;
        if (byteLengthOf(object) >= this.#rules.copiesBytesBelow) return this.#share(object);
        return this.#setMutable(object, copyLeaf(object, kind));
      case 'other':
        return this.#copyInstance(object, prototype);
      default:
        return this.#setMutable(object, copyLeaf(object, kind));
    }
  }

  #copyItem(item: unknown, depth: number): unknown {
    return typeof item === 'object' && item !== null ? this.#copyObject(item, depth) : item;
  }

  /** Copies an instance of a registered class as saving and loading would. */
  #copyInstance(object: object, prototype: object): object {
    const copy = copyInstance(object, prototype, this.#rules);
    if (copy === undefined) return this.#share(object);
    return this.#setMutable(object, copy);
  }

  #setMutable(object: object, copy: object): object {
    this.hasMutable = true;
    this.#copies.set(object, copy);
    return copy;
  }

  #share(object: object): object {
    this.#copies.set(object, object);
    return object;
  }
}

/**
 * Copies an instance of a registered class by its type. Gives the instance itself when the rules do not copy instances;
 * undefined when its class is not registered, or the type cannot encode it, so that it could not be saved either.
 */
function copyInstance(object: object, prototype: object, rules: CopyRules): object | undefined {
  const type = registeredTypeOf(prototype);
  if (type === undefined || type.isImmutable) return undefined;
  if (!rules.copiesInstances) return object;
  let data: unknown;
  try {
    data = type.encode(object);
  } catch {
    return undefined;
  }
  // The instance may keep the decoded data, which is therefore neither frozen nor shared.
  return type.decode(new Copier({ ...rules, freezes: false }).copy(data)) as object;
}

/** Checks for extensibility first, which is much faster for objects that are not frozen. */
function isFrozen(object: object): boolean {
  return !Object.isExtensible(object) && Object.isFrozen(object);
}

function hasUnusualProperties(object: object, keys: readonly string[]): boolean {
  if (Reflect.ownKeys(object).length !== keys.length) return true;
  for (let i = 0; i < keys.length; i++) if (getterOf(object, keys[i]!) !== undefined) return true;
  return false;
}

/** Takes the place of the copy of an object that is being copied. */
const inProgress = Symbol('open');

/** Number of objects up to which a search is faster than a Map. */
const fewObjects = 8;

/** The copies of objects. */
class CopyTable {
  #originals: object[] = [];
  #copies: (object | typeof inProgress)[] = [];
  #map: Map<object, object | typeof inProgress> | undefined;

  get(object: object): object | typeof inProgress | undefined {
    if (this.#map) return this.#map.get(object);
    const at = this.#originals.indexOf(object);
    return at < 0 ? undefined : this.#copies[at];
  }

  set(object: object, copy: object | typeof inProgress): void {
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
    if (this.#originals.length > fewObjects)
      this.#map = new Map(this.#originals.map((original, i) => [original, this.#copies[i]!]));
  }

  clear(): void {
    this.#originals = [];
    this.#copies = [];
    this.#map = undefined;
  }
}
