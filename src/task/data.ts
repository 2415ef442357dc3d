import { types } from 'node:util';
import { builtInName, isArrayPrototype, isPlainPrototype, isUrl, isUrlPrototype } from '../base/built-in-classes';
import { DeclarationError } from './errors';
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
export function dataKindOf(
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
export function describeNonData(value: object | symbol): string {
  if (typeof value === 'symbol') return 'is a symbol';
  if (typeof value === 'function') return 'is a function';
  if (types.isPromise(value)) return 'is a promise; await it first';
  const name = Object.getPrototypeOf(value)?.constructor?.name;
  return `is an instance of ${name ?? 'an unknown class'}; params are data (plain objects, arrays, Date, Map, Set, RegExp, URL, Buffer, typed arrays)`;
}

/** A type of params: a built-in class or null. `Object` allows any value. */
export type ParamType = Function | null;

/** The allowed types of a param, by name; empty for any. `Object` is a plain object. */
export type TypeNames = readonly string[];

const anyType: TypeNames = Object.freeze([]);
const builtIn = new Set<string | undefined>(
  'String Number Boolean BigInt Array Date RegExp Map Set Int8Array Uint8Array Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array Float16Array Float32Array Float64Array BigInt64Array BigUint64Array'.split(
    ' ',
  ),
);

/** True for a class that values can be checked against. Compilers emit others for interfaces and unions. */
export function isCheckable(type: unknown): type is Function {
  return builtInTypeName(type) !== undefined;
}

/** The name of a built-in class, of any realm. */
function builtInTypeName(type: unknown): string | undefined {
  const prototype: unknown = typeof type === 'function' ? type.prototype : undefined;
  if (typeof prototype !== 'object' || prototype === null) return undefined;
  if (prototype === Buffer.prototype) return 'Buffer';
  if (isUrlPrototype(prototype)) return 'URL';
  // A mock in a test may have nothing of the class.
  if (type === globalThis.Date) return 'Date';
  const name = builtInName(prototype);
  return builtIn.has(name) ? name : undefined;
}

/**
 * The names of the types in `@Param({ type })`.
 *
 * @param name the param in messages: `Load.limit`
 * @throws {DeclarationError} for a class that is not a type of params
 */
export function typeNames(declared: ParamType | readonly ParamType[], name: string): TypeNames {
  const types = Array.isArray(declared) ? (declared as readonly ParamType[]) : [declared as ParamType];
  if (types.includes(Object)) return anyType;
  return types.map((type) => {
    if (type === null) return 'null';
    const known = builtInTypeName(type);
    if (known !== undefined) return known;
    const given = typeof type === 'function' ? type.name : String(type);
    if (given === 'TaskRef') return given;
    throw new DeclarationError(
      `${name}: the type of a param is a built-in class (String, Number, Boolean, BigInt, Array, Date, RegExp, Map, Set, URL, Buffer, a typed array), TaskRef, null, or Object for any value, not ${given}`,
    );
  });
}

/** The type of a value; undefined for a value that is not data. */
export function typeNameOf(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return 'String';
    case 'number':
      return 'Number';
    case 'boolean':
      return 'Boolean';
    case 'bigint':
      return 'BigInt';
    case 'object':
      return value === null ? 'null' : objectTypeName(value);
    default:
      return undefined;
  }
}

const byKind: Readonly<Record<string, string>> = {
  array: 'Array',
  object: 'Object',
  ref: 'TaskRef',
  date: 'Date',
  regexp: 'RegExp',
  map: 'Map',
  set: 'Set',
  url: 'URL',
};

function objectTypeName(value: object): string | undefined {
  const kind = dataKindOf(value);
  if (kind !== 'bytes') return kind && byKind[kind];
  return Buffer.isBuffer(value) ? 'Buffer' : (value as Uint8Array)[Symbol.toStringTag];
}

/** True for a value of one of these types. Accepts values that are not data: other checks reject them, with their path. */
export function matchesTypes(value: unknown, types: TypeNames): boolean {
  if (types.length === 0) return true;
  const name = typeNameOf(value);
  if (name === undefined || types.includes(name)) return true;
  // A Buffer is a Uint8Array, and code for a Buffer can read the bytes of a Uint8Array.
  return (name === 'Buffer' && types.includes('Uint8Array')) || (name === 'Uint8Array' && types.includes('Buffer'));
}

/** Types as a message names them: `a Number or null`. */
export function showTypes(types: TypeNames): string {
  const shown = types.map((name) => {
    if (name === 'null') return name;
    return { Object: 'an object', TaskRef: 'a task ref' }[name] ?? `a ${name}`;
  });
  const last = shown.pop()!;
  return shown.length === 0 ? last : `${shown.join(', ')} or ${last}`;
}
