import { types } from 'node:util';
import { builtInName, isArrayPrototype, isPlainPrototype, isUrl } from '../base/built-in-name';
import { isTaskRef } from './ref';

/** A value is not data: the problem, and its path within the value. */
export class NotDataError extends Error {
  readonly path: string;
  readonly problem: string;

  constructor(path: string, problem: string) {
    super(`${path} ${problem}`);
    this.path = path;
    this.problem = problem;
  }
}

/** The kind of data that an object is; undefined if it is not data. Accepts objects of other realms. */
export function kindOf(
  value: object,
): 'array' | 'object' | 'date' | 'regexp' | 'map' | 'set' | 'url' | 'bytes' | 'ref' | undefined {
  const prototype: object | null = Object.getPrototypeOf(value);
  if (Array.isArray(value)) return isArrayPrototype(prototype) ? 'array' : undefined;
  if (isPlainPrototype(prototype)) return 'object';
  if (isTaskRef(value)) return 'ref';
  const name = builtInName(prototype!);
  if (types.isDate(value)) return name === 'Date' ? 'date' : undefined;
  if (types.isRegExp(value)) return name === 'RegExp' ? 'regexp' : undefined;
  if (types.isMap(value)) return name === 'Map' ? 'map' : undefined;
  if (types.isSet(value)) return name === 'Set' ? 'set' : undefined;
  if (types.isTypedArray(value))
    return Buffer.isBuffer(value) || name === value[Symbol.toStringTag] ? 'bytes' : undefined;
  return isUrl(value) ? 'url' : undefined;
}

/** True for object literals and for objects made by `Object.create(null)`. */
export function isPlainObject(value: object): boolean {
  return isPlainPrototype(Object.getPrototypeOf(value));
}

/** True for immutable values that are data: primitives except symbols. */
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

/** Describes a value that is not data. */
export function describe(value: object | symbol): string {
  if (typeof value === 'symbol') return 'is a symbol';
  if (typeof value === 'function') return 'is a function';
  if (types.isPromise(value)) return 'is a promise; await it first';
  const name = Object.getPrototypeOf(value)?.constructor?.name;
  return `is an instance of ${name ?? 'an unknown class'}; params are data (plain objects, arrays, Date, Map, Set, RegExp, URL, Buffer, typed arrays)`;
}
