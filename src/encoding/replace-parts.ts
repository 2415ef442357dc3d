import { types } from 'node:util';
import { isPlainPrototype } from '../base/built-in-name';

/** Gives the object itself, or what is to take its place; `visit` does the same for what is inside. */
type Replace = (object: object, visit: (part: unknown) => unknown) => unknown;

/**
 * Replaces objects anywhere in a value, in place: the value must be nobody else's. What occurs twice is replaced
 * by the same both times; cycles are followed once. Instances of classes are not looked into.
 */
export function replaceParts(value: unknown, replace: Replace): unknown {
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
