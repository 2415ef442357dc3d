import { isArrayPrototype, isPlainPrototype } from '../base/built-in-name';
import { jsonText } from '../base/json-text';
import type { Bytes } from './encoder';
import { extraProperty } from './extra-properties';
import { refuseClass, refuseExtra } from './refusals';
import { propertyStep } from './value-path';
import { FINE, NOT_CBOR, NOT_V8, STOP, throwIfRefused, Walk } from './walk';

/** @throws {UnsupportedValueError} when JSON would not bring the value back as it is */
export function encodeJson(value: unknown, root: string): Bytes {
  throwIfRefused(value, new Walk(lookAt, false, new Map()), root);
  return Buffer.from(jsonText(value));
}

function lookAt(value: unknown, walk: Walk, depth: number): number {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return FINE;
    case 'number':
      if (Number.isFinite(value) && !Object.is(value, -0)) return FINE;
      return walk.refuse(`is ${Object.is(value, -0) ? '-0' : value}, which JSON does not have`);
    case 'object':
      return value === null ? FINE : lookAtObject(value, walk, depth + 1);
    case 'undefined':
      return walk.refuse('is undefined, which JSON does not have');
    default:
      return walk.refuse(`is a ${typeof value}, which JSON does not have`);
  }
}

function lookAtObject(object: object, walk: Walk, depth: number): number {
  const met = walk.meet(object, depth);
  if (met !== undefined) return met;
  if (walk.depthFlags(depth) >= STOP) return STOP;
  const prototype: object | null = Object.getPrototypeOf(object);
  const isArray = Array.isArray(object);
  if (prototype === null) return walk.refuse('has no prototype, which JSON would give it; return { ...it }');
  if (isArray ? !isArrayPrototype(prototype) : !isPlainPrototype(prototype)) return refuseClass(prototype, walk);
  walk.enter(object, NOT_CBOR | NOT_V8, isArray ? 'array' : 'object');
  const found = isArray ? lookAtArray(object, walk, depth) : lookAtProperties(object, walk, depth);
  walk.exit(object);
  return found;
}

function lookAtArray(array: readonly unknown[], walk: Walk, depth: number): number {
  for (let i = 0; i < array.length; i++) {
    const found = i in array ? walk.look(array[i], depth) : walk.refuse('is a hole, which JSON does not have');
    if (found >= STOP) return walk.stopAt(propertyStep(i));
  }
  const extra = extraProperty(array);
  return extra === undefined ? FINE : refuseExtra(extra, walk);
}

function lookAtProperties(object: object, walk: Walk, depth: number): number {
  for (const key of Reflect.ownKeys(object)) {
    const property = Object.getOwnPropertyDescriptor(object, key) as PropertyDescriptor;
    if (lookAtProperty(key, property, walk, depth) >= STOP) return walk.stopAt(propertyStep(key));
  }
  return FINE;
}

function lookAtProperty(key: string | symbol, property: PropertyDescriptor, walk: Walk, depth: number): number {
  if (typeof key === 'symbol') return walk.refuse('has a symbol key');
  if (!('value' in property)) return walk.refuse('is an accessor, not a value');
  if (!property.enumerable) return walk.refuse('is not enumerable');
  return walk.look(property.value, depth);
}
