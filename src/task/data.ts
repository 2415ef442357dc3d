import { types } from 'node:util';
import { isTaskRef } from './ref';

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

/** What a value that is not data is, in words. */
export function describe(value: object | symbol): string {
  if (typeof value === 'symbol') return 'is a symbol';
  if (typeof value === 'function') return 'is a function';
  if (types.isPromise(value)) return 'is a promise; await it first';
  const name = Object.getPrototypeOf(value)?.constructor?.name;
  return `is an instance of ${name ?? 'an unknown class'}; params are data (plain objects, arrays, Date, Map, Set, RegExp, URL, Buffer, typed arrays)`;
}
