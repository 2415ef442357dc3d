import { isArrayPrototype, isPlainPrototype } from '../../base/built-in-classes';
import { jsonText } from '../../base/json-text';
import type { Bytes } from '../encoder';
import { findExtraProperty, propertyStep } from '../properties';
import { Inspection, NOT_CBOR, NOT_V8, OK, STOP } from './inspection';

/** @throws {UnsupportedValueError} when JSON would change the value */
export function encodeJson(value: unknown, root: string): Bytes {
  const inspection = new Inspection(inspectJson, { typed: new Map() });
  if (inspection.run(value, root) >= STOP) throw inspection.refusal(root);
  return Buffer.from(jsonText(value));
}

function inspectJson(value: unknown, inspection: Inspection, depth: number): number {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return OK;
    case 'number':
      if (Number.isFinite(value) && !Object.is(value, -0)) return OK;
      return inspection.refuse(`is ${Object.is(value, -0) ? '-0' : value}, which JSON does not have`);
    case 'object':
      return value === null ? OK : inspectJsonObject(value, inspection, depth + 1);
    case 'undefined':
      return inspection.refuse('is undefined, which JSON does not have');
    default:
      return inspection.refuse(`is a ${typeof value}, which JSON does not have`);
  }
}

function inspectJsonObject(object: object, inspection: Inspection, depth: number): number {
  const visited = inspection.visit(object, depth);
  if (visited !== undefined) return visited;
  if (inspection.depthFlags(depth) >= STOP) return STOP;
  const prototype: object | null = Object.getPrototypeOf(object);
  const isArray = Array.isArray(object);
  if (prototype === null) return inspection.refuse('has no prototype, which JSON would give it; return { ...it }');
  if (isArray ? !isArrayPrototype(prototype) : !isPlainPrototype(prototype)) return inspection.refuseClass(prototype);
  inspection.enter(object, NOT_CBOR | NOT_V8, isArray ? 'array' : 'object');
  const found = isArray
    ? inspectJsonArray(object, inspection, depth)
    : inspectJsonProperties(object, inspection, depth);
  inspection.exit(object);
  return found;
}

function inspectJsonArray(array: readonly unknown[], inspection: Inspection, depth: number): number {
  for (let i = 0; i < array.length; i++) {
    const found =
      i in array ? inspection.inspect(array[i], depth) : inspection.refuse('is a hole, which JSON does not have');
    if (found >= STOP) return inspection.stopAt(propertyStep(i));
  }
  const extra = findExtraProperty(array);
  return extra === undefined ? OK : inspection.refuseExtra(extra);
}

function inspectJsonProperties(object: object, inspection: Inspection, depth: number): number {
  for (const key of Reflect.ownKeys(object)) {
    const property = Object.getOwnPropertyDescriptor(object, key) as PropertyDescriptor;
    if (inspectJsonProperty(key, property, inspection, depth) >= STOP) return inspection.stopAt(propertyStep(key));
  }
  return OK;
}

function inspectJsonProperty(
  key: string | symbol,
  property: PropertyDescriptor,
  inspection: Inspection,
  depth: number,
): number {
  if (typeof key === 'symbol') return inspection.refuse('has a symbol key');
  if (!('value' in property)) return inspection.refuse('is an accessor, not a value');
  if (!property.enumerable) return inspection.refuse('is not enumerable');
  return inspection.inspect(property.value, depth);
}
