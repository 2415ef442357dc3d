import { isArrayPrototype, isPlainPrototype } from '../../base/built-in-classes';
import { byteLengthOf, type CopyKind, copyKindOf, copyLeaf, emptyErrorLike } from './copy-leaf';

/** How values are copied. */
export interface CopyRules {
  /** Whether plain objects and arrays are frozen. Data that is frozen at every depth is then shared. */
  readonly freezes: boolean;
  /** Size from which typed arrays, DataViews and ArrayBuffers are shared. */
  readonly copiesBytesBelow: number;
  /** Whether instances of registered classes are copied. */
  readonly copiesInstances: boolean;
}

/** Copies an instance of a registered class; gives undefined for an object that is to be shared. */
type CopyInstance = (object: object, prototype: object, rules: CopyRules) => object | undefined;

/**
 * Copies a value that is nested too deep for recursion, or has a cycle through frozen data. Copies everything that can
 * be copied, frozen data included.
 */
export function copyAtAnyDepth(
  value: object,
  rules: CopyRules,
  copyInstance: CopyInstance,
): { readonly value: object; readonly hasMutable: boolean } {
  const copy = new DeepCopier(rules, copyInstance);
  return { value: copy.copy(value), hasMutable: copy.hasMutable };
}

class DeepCopier {
  hasMutable = false;
  readonly #rules: CopyRules;
  readonly #copyInstance: CopyInstance;
  readonly #copies = new Map<object, object>();
  /** Objects whose copies are still empty. */
  readonly #waiting: object[] = [];
  readonly #toFreeze: object[] = [];

  constructor(rules: CopyRules, copyInstance: CopyInstance) {
    this.#rules = rules;
    this.#copyInstance = copyInstance;
  }

  copy(value: object): object {
    const copy = this.#copyOf(value) as object;
    for (let object = this.#waiting.pop(); object; object = this.#waiting.pop())
      this.#fill(object, this.#copies.get(object)!);
    if (this.#rules.freezes) for (const plain of this.#toFreeze) Object.freeze(plain);
    return copy;
  }

  /** The copy of an object, which may still be empty. */
  readonly #copyOf = (item: unknown): unknown => {
    if (typeof item !== 'object' || item === null) return item;
    const known = this.#copies.get(item);
    if (known !== undefined) return known;
    const copy = this.#emptyCopy(item);
    this.#copies.set(item, copy);
    return copy;
  };

  #emptyCopy(object: object): object {
    const prototype: object | null = Object.getPrototypeOf(object);
    if (Array.isArray(object)) return isArrayPrototype(prototype) ? this.#plain(object, []) : object;
    if (isPlainPrototype(prototype)) return this.#plain(object, Object.create(prototype));
    const kind = copyKindOf(object, prototype!);
    if (kind === 'other') {
      const copy = this.#copyInstance(object, prototype!, this.#rules);
      this.hasMutable ||= copy !== undefined;
      return copy ?? object;
    }
    this.hasMutable = true;
    return this.#mutable(object, kind);
  }

  #plain(object: object, copy: object): object {
    this.#waiting.push(object);
    this.#toFreeze.push(copy);
    return copy;
  }

  #mutable(object: object, kind: Exclude<CopyKind, 'other'>): object {
    switch (kind) {
      case 'map':
      case 'set':
      case 'error':
        this.#waiting.push(object);
        return kind === 'map' ? new Map() : kind === 'set' ? new Set() : emptyErrorLike(object as Error);
      case 'bytes':
        return byteLengthOf(object) >= this.#rules.copiesBytesBelow ? object : copyLeaf(object, kind);
      default:
        return copyLeaf(object, kind);
    }
  }

  #fill(object: object, copy: object): void {
    if (copy instanceof Map) {
      for (const [key, item] of object as Map<unknown, unknown>) copy.set(this.#copyOf(key), this.#copyOf(item));
    } else if (copy instanceof Set) {
      for (const item of object as Set<unknown>) copy.add(this.#copyOf(item));
    } else {
      fillProperties(object, copy, this.#copyOf);
    }
  }
}

/** Copies all own properties; accessors stay accessors. The copied properties can be changed even when the originals are frozen. */
export function fillProperties(object: object, copy: object, copyOf: (item: unknown) => unknown): void {
  for (const key of Reflect.ownKeys(object)) {
    if (key === 'stack' && Object.hasOwn(copy, key)) continue;
    const property = Object.getOwnPropertyDescriptor(object, key)!;
    if ('value' in property) {
      property.value = copyOf(property.value);
      property.writable = true;
    }
    property.configurable = !(Array.isArray(copy) && key === 'length');
    Object.defineProperty(copy, key, property);
  }
}
