import { types } from 'node:util';
import { classOfNative, isPlainPrototype } from '../../base/built-in-classes';
import { foreignCopiesRemark } from '../../base/shared-state';
import { CannotDecodeError } from '../errors';
import { type RegisteredType, registeredTypeNamed } from '../register-type';
import type { TypedValues } from './inspection';

/** Stands for an instance: holds what it is encoded as, and is known by being this very array. */
type Placeholder = [data: unknown];
/** A value with stand-ins for the instances in it, and the stand-ins again, by the names of their types. */
type WithPlaceholders = readonly [
  value: unknown,
  standIns: readonly (readonly [name: string, standIns: readonly Placeholder[]])[],
];

/** A copy of a value with plain data in place of the instances of registered classes; `unfold` reverses it. */
export function replaceTyped(value: unknown, typed: TypedValues): WithPlaceholders {
  const standIns = new Map<string, Placeholder[]>();
  const copies = new Map<object, unknown>();
  const copyOf = (part: unknown): unknown => {
    if (typeof part !== 'object' || part === null) return part;
    if (copies.has(part)) return copies.get(part);
    const instance = typed.get(part);
    if (instance === undefined) {
      const copy = emptyCopy(part);
      copies.set(part, copy);
      if (copy !== part) copyContents(part, copy, copyOf);
      return copy;
    }
    const standIn: Placeholder = [undefined];
    copies.set(part, standIn);
    const { name } = instance.type;
    if (!standIns.has(name)) standIns.set(name, []);
    standIns.get(name)?.push(standIn);
    standIn[0] = copyOf(instance.data);
    return standIn;
  };
  const copy = copyOf(value);
  return [copy, [...standIns]];
}

/** @throws {CannotDecodeError} when a type is not registered here */
export function restoreTyped(folded: unknown): unknown {
  const [value, standIns] = folded as WithPlaceholders;
  const known = new Map<object, RegisteredType>();
  for (const [name, ones] of standIns) {
    const type = registeredTypeNamed(name);
    if (type === undefined)
      throw new CannotDecodeError(
        `it holds values of the type ${JSON.stringify(name)}, which is not registered here; register the type with registerType before loading it${foreignCopiesRemark()}`,
      );
    for (const one of ones) known.set(one, type);
  }
  return replaceObjects(value, (object, visit) => {
    const type = known.get(object);
    return type === undefined ? object : type.decode(visit((object as Placeholder)[0]));
  });
}

/** An object of the same class with nothing in it; the object itself when it can hold no instances. */
function emptyCopy(object: object): object {
  const prototype: object | null = Object.getPrototypeOf(object);
  if (types.isMap(object)) return new Map();
  if (types.isSet(object)) return new Set();
  if (types.isNativeError(object)) return emptyError(prototype as object);
  if (Array.isArray(object)) return new Array(object.length);
  return isPlainPrototype(prototype) ? Object.create(prototype) : object;
}

function emptyError(prototype: object): Error {
  return new (classOfNative(prototype) as new () => Error)();
}

function copyContents(object: object, copy: object, copyOf: (part: unknown) => unknown): void {
  if (types.isMap(object)) {
    for (const [key, item] of object) (copy as Map<unknown, unknown>).set(copyOf(key), copyOf(item));
  } else if (types.isSet(object)) {
    for (const item of object) (copy as Set<unknown>).add(copyOf(item));
  } else if (types.isNativeError(object)) {
    for (const key of ['message', 'stack', 'cause'] as const) {
      if (Object.hasOwn(object, key)) define(copy, key, copyOf(object[key]), false);
    }
  } else {
    for (const key of Object.keys(object)) {
      define(copy, key, copyOf((object as Record<string, unknown>)[key]), true);
    }
  }
}

/** Assigning would call the setter of __proto__. */
function define(object: object, key: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(object, key, { value, enumerable, writable: true, configurable: true });
}

/** Gives the object itself, or what is to take its place; `visit` does the same for what is inside. */
type Replace = (object: object, visit: (part: unknown) => unknown) => unknown;

/**
 * Replaces objects anywhere in a value, in place: the value must be nobody else's. What occurs twice is replaced
 * by the same both times; cycles are followed once. Instances of classes are not looked into.
 */
export function replaceObjects(value: unknown, replace: Replace): unknown {
  const done = new Map<object, unknown>();
  const visit = (part: unknown): unknown => {
    if (typeof part !== 'object' || part === null) return part;
    if (done.has(part)) return done.get(part);
    done.set(part, part);
    const replaced = replace(part, visit);
    if (replaced === part) visitContents(part, visit);
    else done.set(part, replaced);
    return replaced;
  };
  return visit(value);
}

function visitContents(object: object, visit: (part: unknown) => unknown): void {
  if (types.isMap(object)) {
    const entries = [...object];
    const replaced = entries.map(([key, value]) => [visit(key), visit(value)] as const);
    if (replaced.some(([key, value], i) => key !== entries[i]?.[0] || value !== entries[i]?.[1])) {
      object.clear();
      for (const [key, value] of replaced) object.set(key, value);
    }
  } else if (types.isSet(object)) {
    const items = [...object];
    const replaced = items.map(visit);
    if (replaced.some((item, i) => item !== items[i])) {
      object.clear();
      for (const item of replaced) object.add(item);
    }
  } else if (types.isNativeError(object)) {
    visitProperty(object, 'cause', visit);
  } else if (Array.isArray(object) || isPlainPrototype(Object.getPrototypeOf(object))) {
    for (const key of Object.keys(object)) visitProperty(object, key, visit);
  }
}

function visitProperty(object: object, key: string, visit: (part: unknown) => unknown): void {
  const property = Object.getOwnPropertyDescriptor(object, key);
  if (typeof property?.value !== 'object') return;
  const value = visit(property.value);
  // Assigning would call the setter of __proto__.
  if (value !== property.value && property.configurable) Object.defineProperty(object, key, { ...property, value });
}
