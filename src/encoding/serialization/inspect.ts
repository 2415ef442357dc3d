import { isArrayPrototype, isPlainPrototype } from '../../base/built-in-classes';
import { isInstance } from '../../base/describe-error';
import { UnsupportedValueError } from '../errors';
import { countLeadingNumbers, findExtraProperty, getterOf, propertyStep } from '../properties';
import { type RegisteredType, registeredTypeOf } from '../register-type';
import { inspectBuiltIn } from './inspect-builtins';
import { FLOATS, type Inspection, NOT_CBOR, NOT_V8, OK, STOP, TYPED } from './inspection';

const taskRefSymbol = Symbol.for('tidemark.task-ref');

function isTaskRef(value: object): boolean {
  return Boolean((value as { [taskRefSymbol]?: unknown })[taskRefSymbol]);
}

/** The flags of any value. */
export function inspectValue(value: unknown, inspection: Inspection, depth: number): number {
  switch (typeof value) {
    case 'string':
      return inspectString(value);
    case 'number':
      return Object.is(value, -0) ? FLOATS : OK;
    case 'object':
      return value === null ? OK : inspectObject(value, inspection, depth + 1);
    case 'symbol':
      return inspection.refuse('is a symbol');
    case 'function':
      return inspection.refuse(isTaskRef(value) ? 'is a task ref' : 'is a function');
    default:
      return OK;
  }
}

/**
 * Lone surrogates would become U+FFFD in UTF-8. A byte order mark at the start is dropped by the decoder that
 * cbor-x uses where its native part is missing.
 */
function inspectString(text: string): number {
  return text.isWellFormed() && text.charCodeAt(0) !== 0xfeff ? OK : NOT_CBOR;
}

function inspectObject(object: object, inspection: Inspection, depth: number): number {
  const visited = inspection.visit(object, depth);
  if (visited !== undefined) return visited;
  const flags = inspection.depthFlags(depth);
  if (flags >= STOP) return flags;
  const prototype: object | null = Object.getPrototypeOf(object);
  if (Array.isArray(object)) {
    if (isArrayPrototype(prototype)) return flags | inspectArray(object, inspection, depth);
  } else if (prototype === Object.prototype) {
    return flags | inspectProperties(object, inspection, depth);
  }
  const type = prototype === null ? undefined : registeredTypeOf(prototype);
  if (type !== undefined) return flags | inspectRegistered(object, type, inspection, depth);
  if (isTaskRef(object)) return inspection.refuse('is a task ref');
  if (prototype === null) return flags | inspectBareObject(object, inspection, depth);
  if (isPlainPrototype(prototype)) return flags | inspectProperties(object, inspection, depth);
  return flags | inspectBuiltIn(object, prototype, inspection, depth);
}

function inspectBareObject(object: object, inspection: Inspection, depth: number): number {
  const flags = inspection.needs(
    NOT_V8,
    'has no prototype, and is beside something that only V8 can encode; return { ...it }',
  );
  if (flags >= STOP) return flags;
  inspection.enter(object, NOT_CBOR | NOT_V8, 'object without prototype');
  const found = inspectProperties(object, inspection, depth);
  inspection.exit(object);
  return flags | found;
}

function inspectArray(array: readonly unknown[], inspection: Inspection, depth: number): number {
  let flags = OK;
  const { length } = array;
  for (let i = countLeadingNumbers(array); i < length; i++) {
    const item = array[i];
    if (typeof item === 'number') {
      if (item === 0 && Object.is(item, -0)) flags |= FLOATS;
    } else if (item === undefined) {
      if (!Object.hasOwn(array, i)) return flags | NOT_CBOR | inspectRest(array, i, inspection, depth);
    } else {
      const found = inspectValue(item, inspection, depth);
      if (found !== OK) {
        if (found >= STOP) return inspection.stopAt(propertyStep(i));
        flags |= found;
      }
    }
  }
  const extra = findExtraProperty(array);
  if (extra === undefined) return flags;
  if (typeof extra === 'symbol') return refuseProperty(extra, inspection);
  return flags | NOT_CBOR | inspectRest(array, length, inspection, depth);
}

/** The part of an array after its first hole, or its other properties: V8 keeps both holes and properties. */
function inspectRest(array: readonly unknown[], from: number, inspection: Inspection, depth: number): number {
  const symbol = Object.getOwnPropertySymbols(array)[0];
  if (symbol !== undefined) return refuseProperty(symbol, inspection);
  let flags = OK;
  const keys = Object.keys(array);
  // Up to the first hole, keys are at their own index.
  for (const key of keys.slice(from)) {
    const found = inspectValue((array as unknown as Record<string, unknown>)[key], inspection, depth);
    if (found >= STOP) return inspection.stopAt(propertyStep(String(Number(key)) === key ? Number(key) : key));
    flags |= found;
  }
  return flags;
}

function inspectProperties(object: object, inspection: Inspection, depth: number): number {
  const symbols = Object.getOwnPropertySymbols(object);
  if (symbols.length > 0) return refuseSymbol(object, symbols, inspection);
  let flags = OK;
  let count = 0;
  for (const key in object) {
    // Descriptors would show the same, at several times the cost.
    if (getterOf(object, key) !== undefined || key in Object.prototype) break;
    const value: unknown = (object as Record<string, unknown>)[key];
    if (value === undefined) break;
    const found =
      inspectString(key) | (typeof value === 'string' ? inspectString(value) : inspectValue(value, inspection, depth));
    if (found !== OK) {
      if (found >= STOP) return inspection.stopAt(propertyStep(key));
      flags |= found;
    }
    count += 1;
  }
  // Otherwise some are hidden, inherited, accessors or undefined: that is rare, so the inspection starts again.
  if (Object.getOwnPropertyNames(object).length === count) return flags;
  return flags | inspectDescriptors(object, inspection, depth);
}

/** Inspects properties of every kind. Objects that were visited before add no flags: the sum has these already. */
function inspectDescriptors(object: object, inspection: Inspection, depth: number): number {
  let flags = OK;
  for (const key of Object.getOwnPropertyNames(object)) {
    const property = Object.getOwnPropertyDescriptor(object, key) as PropertyDescriptor;
    if (!('value' in property)) {
      inspection.refuse('is an accessor, not a value');
      return inspection.stopAt(propertyStep(key));
    }
    let found = inspectString(key) | inspectValue(property.value, inspection, depth);
    if (!property.enumerable) found |= inspection.refuse('is not enumerable');
    if (cannotBeAssigned(key)) found |= NOT_CBOR;
    if (found >= STOP) return inspection.stopAt(propertyStep(key));
    flags |= found;
  }
  return flags;
}

/** Whether cbor-x, which assigns properties, would call a setter such as that of __proto__, or fail on a frozen prototype. */
function cannotBeAssigned(key: string): boolean {
  const inherited = Object.getOwnPropertyDescriptor(Object.prototype, key);
  return inherited !== undefined && inherited.writable !== true;
}

function refuseSymbol(object: object, symbols: readonly symbol[], inspection: Inspection): number {
  if (isTaskRef(object)) return inspection.refuse('is a task ref');
  return refuseProperty(symbols[0] as symbol, inspection);
}

function refuseProperty(key: symbol, inspection: Inspection): number {
  inspection.refuse('has a symbol key');
  return inspection.stopAt(propertyStep(key));
}

/** Inspects the data that an instance of a registered class is encoded as, which is asked for once. */
function inspectRegistered(object: object, type: RegisteredType, inspection: Inspection, depth: number): number {
  let known = inspection.typed.get(object);
  if (known === undefined) {
    try {
      known = { type, data: type.encode(object) as unknown };
    } catch (cause) {
      // Types of Tidemark describe the problem themselves.
      if (isInstance(cause, UnsupportedValueError)) return inspection.refuse(cause.problem, cause.cause);
      return inspection.refuse(`cannot be encoded: encode of the type ${JSON.stringify(type.name)} threw`, cause);
    }
    inspection.typed.set(object, known);
  }
  inspection.enter(object, NOT_CBOR | NOT_V8, type.Class.name);
  const found = inspection.inspect(known.data, depth);
  inspection.exit(object);
  return found >= STOP ? STOP : found | TYPED;
}
