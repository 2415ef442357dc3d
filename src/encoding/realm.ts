import { types } from 'node:util';

/**
 * Gives objects that Node's own modules made the classes of the realm that this code runs in.
 *
 * The two differ in Jest and in `vm` contexts only. There a decoded Map would not be `instanceof Map`.
 */
export function adopt(value: unknown): unknown {
  if (!isForeign(value)) return value;
  const objects = new Set<object>();
  const add = (item: unknown): void => {
    if (typeof item === 'object' && item !== null && !ArrayBuffer.isView(item)) objects.add(item);
  };
  add(value);
  for (const object of objects) {
    if (types.isMap(object)) {
      for (const [key, item] of object) {
        add(key);
        add(item);
      }
    } else if (types.isSet(object)) {
      for (const item of object) add(item);
    } else {
      for (const key of Reflect.ownKeys(object)) add((object as Record<string | symbol, unknown>)[key]);
    }
    Object.setPrototypeOf(object, ownPrototype(object));
  }
  return value;
}

function isForeign(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !(value instanceof Object);
}

function ownPrototype(object: object): object | null {
  const prototype: object | null = Object.getPrototypeOf(object);
  const ours = (globalThis as Record<string, unknown>)[prototype?.constructor.name ?? ''];
  return typeof ours === 'function' ? (ours.prototype as object) : prototype;
}
