import { types } from 'node:util';
import { classOfNative, isPlainPrototype } from '../../base/built-in-classes';
import { foreignCopiesRemark } from '../../base/shared-state';
import { CannotDecodeError } from '../errors';
import { type RegisteredType, registeredTypeNamed } from '../register-type';
import type { TypedValues } from './inspection';

/** Takes the place of an instance, recognized by identity; contains the data that the instance is encoded as. */
type Placeholder = [data: unknown];
/** A value with placeholders for its instances, and the list of these placeholders by type name. */
type WithPlaceholders = readonly [
  value: unknown,
  placeholders: readonly (readonly [name: string, placeholders: readonly Placeholder[]])[],
];

/** Copies a value with placeholders instead of instances of registered classes. */
export function replaceTyped(value: unknown, typed: TypedValues): WithPlaceholders {
  const placeholders = new Map<string, Placeholder[]>();
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
    const placeholder: Placeholder = [undefined];
    copies.set(part, placeholder);
    const { name } = instance.type;
    if (!placeholders.has(name)) placeholders.set(name, []);
    placeholders.get(name)?.push(placeholder);
    placeholder[0] = copyOf(instance.data);
    return placeholder;
  };
  const copy = copyOf(value);
  return [copy, [...placeholders]];
}

/**
 * Reverses `replaceTyped`, in place.
 *
 * @throws {CannotDecodeError} when a type is not registered here
 */
export function restoreTyped(replaced: unknown): unknown {
  const [value, placeholders] = replaced as WithPlaceholders;
  const typeOf = new Map<object, RegisteredType>();
  for (const [name, ofType] of placeholders) {
    const type = registeredTypeNamed(name);
    if (type === undefined)
      throw new CannotDecodeError(
        `it holds values of the type ${JSON.stringify(name)}, which is not registered here; register the type with registerType before loading it${foreignCopiesRemark()}`,
      );
    for (const placeholder of ofType) typeOf.set(placeholder, type);
  }
  return replaceObjects(value, (object, visit) => {
    const type = typeOf.get(object);
    return type === undefined ? object : type.decode(visit((object as Placeholder)[0]));
  });
}

/** An empty object of the same class; the object itself when it cannot contain instances. */
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

/** Defines a property, since assigning would call the setter of __proto__. */
function define(object: object, key: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(object, key, { value, enumerable, writable: true, configurable: true });
}

/** Gives an object or its replacement; `visit` replaces the objects in a part of it. */
type Replace = (object: object, visit: (part: unknown) => unknown) => unknown;

/**
 * Replaces objects anywhere in a value, in place: nothing else may use the value. An object that occurs twice has one
 * replacement; cycles are followed once. Instances of classes are not entered.
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
