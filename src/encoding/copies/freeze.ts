import { types } from 'node:util';
import { builtInName, isArrayPrototype, isPlainPrototype } from '../../base/built-in-classes';
import { countLeadingNumbers, getterOf } from '../properties';
import { registeredTypeOf } from '../register-type';
import { copyKindOf } from './copy-leaf';

/**
 * Freezes plain objects and arrays at every depth, also in Maps and Sets, which cannot be frozen themselves.
 *
 * Leaves typed arrays, instances of classes, and the values of accessors.
 *
 * @returns whether some data in the value can still be changed
 */
export function deepFreeze(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  let hasMutable = false;
  const waiting: object[] = [value];
  // Objects that are frozen here need not be remembered: they are visited twice at most.
  let visited: Set<object> | undefined;
  for (let object = waiting.pop(); object !== undefined; object = waiting.pop()) {
    const isPlainObject = !ArrayBuffer.isView(object) && isPlain(object);
    if (!isPlainObject) {
      hasMutable ||= isMutable(object);
      if (ArrayBuffer.isView(object)) continue;
    }
    const isFreezable = isPlainObject && !Object.isFrozen(object);
    if (!isFreezable) {
      if (visited?.has(object)) continue;
      visited ??= new Set();
      visited.add(object);
    }
    addContents(object, waiting);
    if (isFreezable) Object.freeze(object);
  }
  return hasMutable;
}

/** Whether an object that is not a plain object is data that can be changed. */
function isMutable(object: object): boolean {
  const prototype: object | null = Object.getPrototypeOf(object);
  if (prototype === null || Array.isArray(object)) return false;
  return copyKindOf(object, prototype) !== 'other' || registeredTypeOf(prototype)?.isImmutable === false;
}

function isPlain(object: object): boolean {
  const prototype: object | null = Object.getPrototypeOf(object);
  return Array.isArray(object) ? isArrayPrototype(prototype) : isPlainPrototype(prototype);
}

function addContents(object: object, waiting: object[]): void {
  if (Array.isArray(object)) {
    if (isPlain(object)) addElements(object, waiting);
  } else if (isPlain(object)) {
    addProperties(object, waiting);
  } else if (types.isMap(object) && isOfClass(object, 'Map')) {
    for (const [key, item] of object) {
      add(key, waiting);
      add(item, waiting);
    }
  } else if (types.isSet(object) && isOfClass(object, 'Set')) {
    for (const item of object) add(item, waiting);
  }
}

function addElements(array: readonly unknown[], waiting: object[]): void {
  const { length } = array;
  for (let i = countLeadingNumbers(array); i < length; i++) add(array[i], waiting);
}

function addProperties(object: object, waiting: object[]): void {
  for (const key of Object.keys(object)) {
    // Reading an accessor may have any effect.
    if (getterOf(object, key) === undefined) add((object as Record<string, unknown>)[key], waiting);
  }
}

function add(item: unknown, waiting: object[]): void {
  if (typeof item === 'object' && item !== null) waiting.push(item);
}

function isOfClass(object: object, name: string): boolean {
  return builtInName(Object.getPrototypeOf(object) as object) === name;
}
