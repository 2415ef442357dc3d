import { types } from 'node:util';
import { isTaskRef, type TaskRef } from './ref';

/** Why a value cannot be taken, and where in it. */
export class NotDataError extends Error {
  readonly path: string;
  readonly problem: string;

  constructor(path: string, problem: string) {
    super(`${path} ${problem}`);
    this.path = path;
    this.problem = problem;
  }
}

/** A frozen copy of a value, as a param keeps it. */
export interface DataCopy {
  readonly value: unknown;
  /** Whether it holds something that cannot be frozen (a Date, Map, typed array…), so that each task needs a copy of its own. */
  readonly thaws: boolean;
  /** The task refs in it. */
  readonly refs: readonly TaskRef<unknown>[];
}

// Copies without refs or mutable parts: handing them on to a thousand tasks makes no thousand copies.
const finished = new WeakSet<object>();
const noRefs: readonly TaskRef<unknown>[] = Object.freeze([]);
// Deeper data is refused instead of overflowing the stack.
const deepest = 1_000;

/**
 * Copies a param's value and freezes the copy.
 *
 * @param root what the value is called in errors: `params.seeds`
 * @throws {NotDataError} for functions, symbols, promises, cycles and instances of unknown classes
 */
export function copyData(value: unknown, root: string): DataCopy {
  if (isPrimitive(value) || finished.has(value as object))
    return { value: withoutSign(value), thaws: false, refs: noRefs };
  const copier = new Copier();
  const copied = copier.copy(value, root, 0);
  if (!copier.thaws && copier.refs.length === 0) finished.add(copied as object);
  return { value: copied, thaws: copier.thaws, refs: copier.refs };
}

/** A copy of an already copied value in which everything may be changed that could not be frozen. */
export function thawedCopy(value: unknown): unknown {
  return isPrimitive(value) ? value : new Copier().copy(value, '', 0);
}

/** What kind of data a value is; undefined when it is none. Values of other realms count too. */
export function kindOf(
  value: object,
): 'array' | 'object' | 'date' | 'regexp' | 'map' | 'set' | 'url' | 'bytes' | 'ref' | undefined {
  if (Array.isArray(value)) return isExactly(value, 'Array') ? 'array' : undefined;
  if (isPlainObject(value)) return 'object';
  if (isTaskRef(value)) return 'ref';
  if (types.isDate(value)) return isExactly(value, 'Date') ? 'date' : undefined;
  if (types.isRegExp(value)) return isExactly(value, 'RegExp') ? 'regexp' : undefined;
  if (types.isMap(value)) return isExactly(value, 'Map') ? 'map' : undefined;
  if (types.isSet(value)) return isExactly(value, 'Set') ? 'set' : undefined;
  if (types.isTypedArray(value))
    return Buffer.isBuffer(value) || isExactly(value, value[Symbol.toStringTag]) ? 'bytes' : undefined;
  return isUrl(value) ? 'url' : undefined;
}

/** Whether an object is a literal, or one made by `Object.create(null)`. */
export function isPlainObject(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return (
    prototype === Object.prototype ||
    prototype === null ||
    (Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'hasOwnProperty'))
  );
}

/** Whether an object is a URL. */
export function isUrl(value: object): value is URL {
  return Object.prototype.toString.call(value) === '[object URL]' && typeof (value as URL).href === 'string';
}

function isExactly(value: object, className: string): boolean {
  return Object.getPrototypeOf(value)?.constructor?.name === className;
}

/** Whether a value is no object, and can be kept as it is. */
export function isPrimitive(value: unknown): boolean {
  switch (typeof value) {
    case 'object':
      return value === null;
    case 'function':
    case 'symbol':
      return false;
    default:
      return true;
  }
}

/** A primitive as params keep it: -0 is 0, since the two have one key. */
function withoutSign(value: unknown): unknown {
  return value === 0 ? 0 : value;
}

/** What a value that is no data is, in words. */
function describe(value: object | symbol): string {
  if (typeof value === 'symbol') return 'is a symbol';
  if (typeof value === 'function') return 'is a function';
  if (types.isPromise(value)) return 'is a promise; await it first';
  const name = Object.getPrototypeOf(value)?.constructor?.name;
  return `is an instance of ${name ?? 'an unknown class'}; params are data (plain objects, arrays, Date, Map, Set, RegExp, URL, Buffer, typed arrays)`;
}

class Copier {
  thaws = false;
  refs: TaskRef<unknown>[] = [];
  readonly #within: object[] = [];

  copy(value: unknown, path: string, depth: number): unknown {
    if (isPrimitive(value)) return withoutSign(value);
    if (typeof value !== 'object') throw new NotDataError(path, describe(value as symbol));
    const object = value as object;
    if (depth > deepest)
      throw new NotDataError(
        path,
        this.#within.includes(object) ? 'holds itself (a cycle)' : `is nested more than ${deepest} levels deep`,
      );
    if (this.#within.includes(object)) throw new NotDataError(path, 'holds itself (a cycle)');
    this.#within.push(object);
    const copied = this.#copyObject(object, path, depth + 1);
    this.#within.pop();
    return copied;
  }

  #copyObject(object: object, path: string, depth: number): unknown {
    switch (kindOf(object)) {
      case 'array':
        return this.#copyArray(object as unknown[], path, depth);
      case 'object':
        return this.#copyProperties(object, path, depth);
      case 'ref':
        this.refs.push(object as TaskRef<unknown>);
        return object;
      case 'regexp':
        // Not frozen: matching writes to lastIndex.
        this.thaws = true;
        return new RegExp(object as RegExp);
      case 'date':
        this.thaws = true;
        return new Date(object as Date);
      case 'url':
        this.thaws = true;
        return new URL((object as URL).href);
      case 'bytes':
        this.thaws = true;
        return Buffer.isBuffer(object) ? Buffer.from(object) : (object as Uint8Array).slice();
      case 'map':
        this.thaws = true;
        return new Map(
          Array.from(object as Map<unknown, unknown>, ([key, item], i) => [
            this.copy(key, `${path}.keys[${i}]`, depth),
            this.copy(item, `${path}.get(${isPrimitive(key) ? String(key) : '…'})`, depth),
          ]),
        );
      case 'set':
        this.thaws = true;
        return new Set(Array.from(object as Set<unknown>, (item, i) => this.copy(item, `${path}.values[${i}]`, depth)));
      case undefined:
        throw new NotDataError(path, describe(object));
    }
  }

  #copyArray(items: readonly unknown[], path: string, depth: number): unknown {
    const copied: unknown[] = [];
    for (let i = 0; i < items.length; i++) {
      const item = items[i];
      if (item === undefined && !(i in items))
        throw new NotDataError(`${path}[${i}]`, 'is a hole in the array; give undefined or null');
      copied.push(isPrimitive(item) ? withoutSign(item) : this.copy(item, `${path}[${i}]`, depth));
    }
    // Those of a long array take longer to list than to copy; arrays with more to them, such as matches, are short.
    const names = items.length <= 64 ? Reflect.ownKeys(items) : [];
    // Besides the items there is `length`.
    if (names.length > items.length + 1)
      throw new NotDataError(
        path,
        `is an array with a property ${String(names.at(items.length + 1))}; arrays have items only`,
      );
    return Object.freeze(copied);
  }

  #copyProperties(object: object, path: string, depth: number): unknown {
    const [symbol] = Object.getOwnPropertySymbols(object);
    if (symbol) throw new NotDataError(path, `has a symbol for a key (${String(symbol)})`);
    const copied: Record<string, unknown> = {};
    for (const [name, item] of Object.entries(object)) {
      if (item === undefined) continue; // undefined is absent
      const copy = isPrimitive(item) ? withoutSign(item) : this.copy(item, `${path}.${name}`, depth);
      // Assigning to __proto__ would set the prototype instead.
      if (name === '__proto__') Object.defineProperty(copied, name, { value: copy, enumerable: true });
      else copied[name] = copy;
    }
    return Object.freeze(copied);
  }
}
