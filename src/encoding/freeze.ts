import { types } from 'node:util';
import { isArrayPrototype, isPlainPrototype } from './built-in-name';

/**
 * Freezes plain objects and arrays all the way down, also inside Maps and Sets, which themselves cannot be frozen.
 *
 * Typed arrays, instances of classes and what accessors would return are left alone.
 */
export function deepFreeze(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  // Iterating a Set goes on to what is added meanwhile: a queue that takes each object once, cycles or not.
  const objects = new Set<object>([value]);
  for (const object of objects) {
    if (ArrayBuffer.isView(object)) continue;
    const prototype: object | null = Object.getPrototypeOf(object);
    if (Array.isArray(object)) {
      if (isArrayPrototype(prototype)) freezeArray(object, objects);
    } else if (types.isMap(object)) {
      for (const [key, item] of object) {
        add(key, objects);
        add(item, objects);
      }
    } else if (types.isSet(object)) {
      for (const item of object) add(item, objects);
    } else if (isPlainPrototype(prototype)) {
      freezeObject(object, objects);
    }
  }
}

function freezeArray(array: readonly unknown[], objects: Set<object>): void {
  const { length } = array;
  for (let i = 0; i < length; i++) {
    const item = array[i];
    if (typeof item === 'object' && item !== null) objects.add(item);
  }
  Object.freeze(array);
}

function freezeObject(object: object, objects: Set<object>): void {
  for (const key of Object.keys(object)) {
    // Reading the property would call an accessor, which may do anything.
    add(Object.getOwnPropertyDescriptor(object, key)?.value, objects);
  }
  Object.freeze(object);
}

function add(item: unknown, objects: Set<object>): void {
  if (typeof item === 'object' && item !== null) objects.add(item);
}
