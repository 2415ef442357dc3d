import { newDate } from '../base/built-in-classes';
import { dataKindOf, describeNonData, isPlainObject, isPrimitive, NotDataError } from '../task/data';
import { isTaskRef, type TaskRef } from '../task/ref';
import { sortedEntries, sortedItems, sortedNames } from './canonical';
import { type DataCopy, findCopy, isSameData, noRefs, registerCopy } from './frozen-copies';
import { placeholderLabel } from './service-placeholders';

/** Deeper data is rejected, before it overflows the stack. */
const deepest = 1_000;
/** Values with this many parts are copied only once. */
const large = 64;
/** Maximum depth in a param at which large values are recognised. */
const sharedDepth = 2;

/** A large value that was copied. */
interface Original {
  readonly copy: DataCopy;
  /** When the value last equalled its copy. */
  seen: number;
}

/** Large values that were copied, and the mutable copies that tasks receive. */
const originals = new WeakMap<object, Original>();
let now = 0;

/** Called after code of the program may have changed values: they are compared again before their copies are reused. */
export function expireCopies(): void {
  now++;
}

/**
 * A frozen copy of a param's value. Values with the same key become equal copies: properties of objects and entries of
 * Maps and Sets are sorted, and -0 is 0.
 *
 * @param root the name of the value in messages: `params.seeds`
 * @throws {NotDataError} for functions, symbols, promises, cycles and instances of unknown classes
 */
export function copyData(value: unknown, root: string): DataCopy {
  if (isPrimitive(value)) return { value: withoutNegativeZero(value), hasMutableParts: false, refs: noRefs };
  const copier = new Copier();
  const copied = copier.copy(value, root, 0);
  const copy = findCopy(copied as object) ?? {
    value: copied,
    hasMutableParts: copier.hasMutableParts,
    refs: copier.refs,
  };
  registerCopy(copy);
  return copy;
}

/** A copy of a frozen copy with its own mutable parts; frozen parts are shared. */
export function mutableCopy(value: unknown): unknown {
  if (isPrimitive(value)) return value;
  const object = value as object;
  const copy = findCopy(object);
  if (copy && !copy.hasMutableParts) return object;
  const thawed = copyMutableParts(object);
  if (copy && isLarge(object)) originals.set(thawed, { copy, seen: -1 });
  return thawed;
}

/** Replaces -0 with 0: both have the same key. */
export function withoutNegativeZero(value: unknown): unknown {
  return value === 0 ? 0 : value;
}

class Copier {
  hasMutableParts = false;
  readonly refs: TaskRef<unknown>[] = [];
  #size = 0;
  readonly #within: object[] = [];

  copy(value: unknown, path: string, depth: number): unknown {
    if (isPrimitive(value)) return withoutNegativeZero(value);
    if (typeof value !== 'object') throw new NotDataError(path, problemOf(value as symbol));
    const object = value as object;
    if (depth > deepest)
      throw new NotDataError(
        path,
        this.#within.includes(object) ? 'contains itself (a cycle)' : `is nested more than ${deepest} levels deep`,
      );
    if (this.#within.includes(object)) throw new NotDataError(path, 'contains itself (a cycle)');
    if (depth > sharedDepth) return this.#copyWithin(object, path, depth);
    return this.#known(object) ?? this.#copyShared(object, path, depth);
  }

  #copyWithin(object: object, path: string, depth: number): unknown {
    this.#within.push(object);
    const copied = this.#copyObject(object, path, depth + 1);
    this.#within.pop();
    return copied;
  }

  /** Copies an object, and registers the copy if it is large. */
  #copyShared(object: object, path: string, depth: number): unknown {
    const size = this.#size;
    const { hasMutableParts } = this;
    const refs = this.refs.length;
    this.hasMutableParts = false;
    const value = this.#copyWithin(object, path, depth);
    if (this.#size - size >= large) {
      const copy: DataCopy = { value, hasMutableParts: this.hasMutableParts, refs: this.refs.slice(refs) };
      registerCopy(copy);
      originals.set(object, { copy, seen: now });
    }
    this.hasMutableParts ||= hasMutableParts;
    return value;
  }

  /** The known copy of an object, which may be the object itself. */
  #known(object: object): unknown {
    let copy = findCopy(object);
    if (!copy) {
      const original = originals.get(object);
      if (!original || !(original.seen === now || isSameData(object, original.copy.value))) return undefined;
      original.seen = now;
      ({ copy } = original);
    }
    if (copy.hasMutableParts) this.hasMutableParts = true;
    for (const ref of copy.refs) this.refs.push(ref);
    this.#size += large;
    return copy.value;
  }

  #copyObject(object: object, path: string, depth: number): unknown {
    this.#size++;
    switch (dataKindOf(object)) {
      case 'array':
        return this.#copyArray(object as unknown[], path, depth);
      case 'object':
        return this.#copyProperties(object, path, depth);
      case 'ref':
        this.refs.push(object as TaskRef<unknown>);
        return object;
      case 'map':
        return this.#copyMap(object as Map<unknown, unknown>, path, depth);
      case 'set': {
        this.hasMutableParts = true;
        const items = Array.from(object as Set<unknown>, (item, i) => this.copy(item, `${path}.values[${i}]`, depth));
        this.#size += items.length;
        return new Set(sortedItems(items));
      }
      case undefined:
        throw new NotDataError(path, problemOf(object));
      default:
        this.hasMutableParts = true;
        if (ArrayBuffer.isView(object)) this.#size += object.byteLength >> 4;
        return cloneLeaf(object);
    }
  }

  #copyArray(items: readonly unknown[], path: string, depth: number): unknown {
    this.#size += items.length;
    const copied: unknown[] = [];
    for (let i = 0; i < items.length; i++) {
      const item = items[i];
      if (item === undefined && !(i in items))
        throw new NotDataError(`${path}[${i}]`, 'is a hole in the array; use undefined or null');
      copied.push(isPrimitive(item) ? withoutNegativeZero(item) : this.copy(item, `${path}[${i}]`, depth));
    }
    // Skipped for long arrays, where it takes longer than copying; arrays with further properties, such as matches, are short.
    const names = items.length <= 64 ? Reflect.ownKeys(items) : [];
    // One more name: `length`.
    if (names.length > items.length + 1)
      throw new NotDataError(
        path,
        `is an array with a property ${String(names.at(items.length + 1))}; arrays may only have items`,
      );
    return Object.freeze(copied);
  }

  #copyProperties(object: object, path: string, depth: number): unknown {
    const [symbol] = Object.getOwnPropertySymbols(object);
    if (symbol) throw new NotDataError(path, `has a symbol key (${String(symbol)})`);
    const copied: Record<string, unknown> = {};
    for (const name of sortedNames(object)) {
      const item = (object as Record<string, unknown>)[name];
      if (item === undefined) continue; // same as absent
      this.#size++;
      setProperty(
        copied,
        name,
        isPrimitive(item) ? withoutNegativeZero(item) : this.copy(item, `${path}.${name}`, depth),
      );
    }
    return Object.freeze(copied);
  }

  #copyMap(map: ReadonlyMap<unknown, unknown>, path: string, depth: number): unknown {
    this.hasMutableParts = true;
    this.#size += map.size;
    const entries = Array.from(map, ([key, item], i): [unknown, unknown] => [
      this.copy(key, `${path}.keys[${i}]`, depth),
      this.copy(item, `${path}.get(${isPrimitive(key) ? String(key) : '…'})`, depth),
    ]);
    return new Map(sortedEntries(entries));
  }
}

function problemOf(value: object | symbol): string {
  const label = placeholderLabel(value);
  return label === undefined
    ? describeNonData(value)
    : `is the service ${label}, which exists only while the task runs`;
}

/** A copy of an object that cannot be frozen. */
function cloneLeaf(object: object): object {
  switch (dataKindOf(object)) {
    case 'regexp':
      // Matching writes to lastIndex.
      return new RegExp(object as RegExp);
    case 'date':
      return newDate((object as Date).getTime());
    case 'url':
      return new URL((object as URL).href);
    default:
      return Buffer.isBuffer(object) ? Buffer.from(object) : (object as Uint8Array).slice();
  }
}

/** Copies the mutable parts of an object, and their containers. */
function copyMutableParts(object: object): object {
  if (Array.isArray(object)) {
    const items = object.map(mutableCopy);
    return items.some((item, i) => item !== object[i]) ? Object.freeze(items) : object;
  }
  if (isPlainObject(object)) return copyMutableProperties(object);
  if (isTaskRef(object)) return object;
  switch (dataKindOf(object)) {
    case 'map':
      return new Map(
        Array.from(object as Map<unknown, unknown>, (entry) => entry.map(mutableCopy) as [unknown, unknown]),
      );
    case 'set':
      return new Set(Array.from(object as Set<unknown>, mutableCopy));
    default:
      return cloneLeaf(object);
  }
}

function copyMutableProperties(object: object): object {
  const copied: Record<string, unknown> = {};
  let isChanged = false;
  for (const [name, item] of Object.entries(object)) {
    const thawed = mutableCopy(item);
    if (thawed !== item) isChanged = true;
    setProperty(copied, name, thawed);
  }
  return isChanged ? Object.freeze(copied) : object;
}

function setProperty(object: Record<string, unknown>, name: string, value: unknown): void {
  // Assigning to __proto__ would set the prototype; a program may have added other setters.
  if (name in object) Object.defineProperty(object, name, { value, enumerable: true });
  else object[name] = value;
}

/** True if comparing an object with its copy is cheaper than copying it again. */
function isLarge(object: object): boolean {
  if (ArrayBuffer.isView(object)) return object.byteLength >= large << 4;
  const { size, length } = object as { size?: unknown; length?: unknown };
  return (typeof size === 'number' && size >= large) || (typeof length === 'number' && length >= large);
}
