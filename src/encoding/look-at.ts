import { isArrayPrototype, isPlainPrototype } from '../base/built-in-name';
import { lookAtBuiltIn } from './built-in-object';
import { extraProperty } from './extra-properties';
import { getterOf } from './getter-of';
import { numbersAtStart } from './numbers-at-start';
import { registeredTypeOf } from './register-type';
import { lookAtRegistered } from './registered-value';
import { propertyStep } from './value-path';
import { FINE, FLOATS, NOT_CBOR, NOT_V8, STOP, type Walk } from './walk';

const TASK_REF = Symbol.for('tidemark.task-ref');

function isTaskRef(value: object): boolean {
  return Boolean((value as { [TASK_REF]?: unknown })[TASK_REF]);
}

/** What any value asks for. */
export function lookAt(value: unknown, walk: Walk, depth: number): number {
  switch (typeof value) {
    case 'string':
      return lookAtString(value);
    case 'number':
      return Object.is(value, -0) ? FLOATS : FINE;
    case 'object':
      return value === null ? FINE : lookAtObject(value, walk, depth + 1);
    case 'symbol':
      return walk.refuse('is a symbol');
    case 'function':
      return walk.refuse(isTaskRef(value) ? 'is a task ref' : 'is a function');
    default:
      return FINE;
  }
}

/**
 * Lone surrogates would become U+FFFD in UTF-8. A byte order mark at the start is dropped by the decoder that
 * cbor-x uses where its native part is missing.
 */
function lookAtString(text: string): number {
  return text.isWellFormed() && text.charCodeAt(0) !== 0xfeff ? FINE : NOT_CBOR;
}

function lookAtObject(object: object, walk: Walk, depth: number): number {
  const met = walk.meet(object, depth);
  if (met !== undefined) return met;
  const flags = walk.depthFlags(depth);
  if (flags >= STOP) return flags;
  const prototype: object | null = Object.getPrototypeOf(object);
  if (Array.isArray(object)) {
    if (isArrayPrototype(prototype)) return flags | lookAtArray(object, walk, depth);
  } else if (prototype === Object.prototype) {
    return flags | lookAtProperties(object, walk, depth);
  }
  const type = prototype === null ? undefined : registeredTypeOf(prototype);
  if (type !== undefined) return flags | lookAtRegistered(object, type, walk, depth);
  if (isTaskRef(object)) return walk.refuse('is a task ref');
  if (prototype === null) return flags | lookAtBareObject(object, walk, depth);
  if (isPlainPrototype(prototype)) return flags | lookAtProperties(object, walk, depth);
  return flags | lookAtBuiltIn(object, prototype, walk, depth);
}

function lookAtBareObject(object: object, walk: Walk, depth: number): number {
  const flags = walk.needs(
    NOT_V8,
    'has no prototype, and is beside something that only V8 can encode; return { ...it }',
  );
  if (flags >= STOP) return flags;
  walk.enter(object, NOT_CBOR | NOT_V8, 'object without prototype');
  const found = lookAtProperties(object, walk, depth);
  walk.exit(object);
  return flags | found;
}

function lookAtArray(array: readonly unknown[], walk: Walk, depth: number): number {
  let flags = FINE;
  const { length } = array;
  for (let i = numbersAtStart(array); i < length; i++) {
    const item = array[i];
    if (typeof item === 'number') {
      if (item === 0 && Object.is(item, -0)) flags |= FLOATS;
    } else if (item === undefined) {
      if (!Object.hasOwn(array, i)) return flags | NOT_CBOR | lookAtRest(array, i, walk, depth);
    } else {
      const found = lookAt(item, walk, depth);
      if (found !== FINE) {
        if (found >= STOP) return walk.stopAt(propertyStep(i));
        flags |= found;
      }
    }
  }
  const extra = extraProperty(array);
  if (extra === undefined) return flags;
  if (typeof extra === 'symbol') return refuseProperty(extra, walk);
  return flags | NOT_CBOR | lookAtRest(array, length, walk, depth);
}

/** What comes after the first hole of an array, or after its elements: V8 keeps both holes and other properties. */
function lookAtRest(array: readonly unknown[], from: number, walk: Walk, depth: number): number {
  const symbol = Object.getOwnPropertySymbols(array)[0];
  if (symbol !== undefined) return refuseProperty(symbol, walk);
  let flags = FINE;
  const keys = Object.keys(array);
  // Up to the first hole, keys are at their own index.
  for (const key of keys.slice(from)) {
    const found = lookAt((array as unknown as Record<string, unknown>)[key], walk, depth);
    if (found >= STOP) return walk.stopAt(propertyStep(String(Number(key)) === key ? Number(key) : key));
    flags |= found;
  }
  return flags;
}

function lookAtProperties(object: object, walk: Walk, depth: number): number {
  const symbols = Object.getOwnPropertySymbols(object);
  if (symbols.length > 0) return refuseSymbol(object, symbols, walk);
  let flags = FINE;
  let count = 0;
  for (const key in object) {
    // Descriptors would say the same, and cost several times as much.
    if (getterOf(object, key) !== undefined || key in Object.prototype) break;
    const value: unknown = (object as Record<string, unknown>)[key];
    if (value === undefined) break;
    const found = lookAtString(key) | (typeof value === 'string' ? lookAtString(value) : lookAt(value, walk, depth));
    if (found !== FINE) {
      if (found >= STOP) return walk.stopAt(propertyStep(key));
      flags |= found;
    }
    count += 1;
  }
  // Otherwise some are hidden, inherited, accessors or undefined: rare enough to start again.
  if (Object.getOwnPropertyNames(object).length === count) return flags;
  return flags | lookAtDescriptors(object, walk, depth);
}

/** The same for any properties. What the walk has met before asks for nothing now: that is in the flags already. */
function lookAtDescriptors(object: object, walk: Walk, depth: number): number {
  let flags = FINE;
  for (const key of Object.getOwnPropertyNames(object)) {
    const property = Object.getOwnPropertyDescriptor(object, key) as PropertyDescriptor;
    if (!('value' in property)) {
      walk.refuse('is an accessor, not a value');
      return walk.stopAt(propertyStep(key));
    }
    let found = lookAtString(key) | lookAt(property.value, walk, depth);
    if (!property.enumerable) found |= walk.refuse('is not enumerable');
    if (cannotBeAssigned(key)) found |= NOT_CBOR;
    if (found >= STOP) return walk.stopAt(propertyStep(key));
    flags |= found;
  }
  return flags;
}

/** Whether cbor-x, which assigns, would call a setter such as that of __proto__, or fail where prototypes are frozen. */
function cannotBeAssigned(key: string): boolean {
  const inherited = Object.getOwnPropertyDescriptor(Object.prototype, key);
  return inherited !== undefined && inherited.writable !== true;
}

function refuseSymbol(object: object, symbols: readonly symbol[], walk: Walk): number {
  if (isTaskRef(object)) return walk.refuse('is a task ref');
  return refuseProperty(symbols[0] as symbol, walk);
}

function refuseProperty(key: symbol, walk: Walk): number {
  walk.refuse('has a symbol key');
  return walk.stopAt(propertyStep(key));
}
