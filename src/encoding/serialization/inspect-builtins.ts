import { types } from 'node:util';
import { builtInName, isUrl, ownKeysOf } from '../../base/built-in-classes';
import { findExtraProperty, mapValueStep } from '../properties';
import { maxCborBytes } from './cbor';
import { type Inspection, NOT_CBOR, NOT_V8, OK, SEGMENTS, STOP } from './inspection';
import { isSegment } from './segments';
import { typedArrayNames, viewPrototypes } from './typed-arrays';

/** The error classes that V8 distinguishes; instances of others come back as Error. */
const errorNames = new Set<string | undefined>(
  'Error EvalError RangeError ReferenceError SyntaxError TypeError URIError'.split(' '),
);

/** Guards for the other classes that encodings support, by name. */
const typeGuards = new Map<string | undefined, (object: object) => boolean>([
  ['Map', types.isMap],
  ['Set', types.isSet],
  ['Date', types.isDate],
  ['RegExp', types.isRegExp],
  ['ArrayBuffer', types.isArrayBuffer],
]);
/** Prototypes that cbor-x supports: by `instanceof`, which fails for objects of another realm. */
const cborPrototypes = new Set<object>([Map.prototype, Set.prototype, RegExp.prototype, ArrayBuffer.prototype]);

/** The flags of an object that is neither plain nor an array. */
export function inspectBuiltIn(object: object, prototype: object, inspection: Inspection, depth: number): number {
  if (ArrayBuffer.isView(object)) return inspectView(object, prototype, inspection);
  const flags = inspectClass(object, prototype, inspection);
  if (flags >= STOP) return flags;
  if (types.isNativeError(object)) return flags | inspectError(object, inspection, depth);
  const extra = ownKeysOf(object)[types.isRegExp(object) ? 1 : 0];
  if (extra !== undefined) return inspection.refuseExtra(extra);
  if (types.isRegExp(object))
    return object.lastIndex === 0 ? flags : inspection.refuse('is a RegExp in use: its lastIndex is not 0');
  if (types.isDate(object)) return flags | inspectDate(object);
  if (types.isMap(object)) return flags | inspectMap(object, inspection, depth);
  if (types.isSet(object)) return flags | inspectSet(object, inspection, depth);
  return types.isArrayBuffer(object) ? flags | NOT_CBOR | inspectBuffer(object, object.byteLength, inspection) : flags;
}

/** Refuses an object that is not a direct instance of a supported class, of this realm or another. */
function inspectClass(object: object, prototype: object, inspection: Inspection): number {
  const name = builtInName(prototype);
  if (typeGuards.get(name)?.(object)) return name === 'Date' || cborPrototypes.has(prototype) ? OK : NOT_CBOR;
  if (isUrl(object)) {
    return inspection.needs(NOT_V8, 'is a URL, and is beside something that only V8 can encode; return its href');
  }
  if (types.isNativeError(object)) return errorNames.has(name) ? NOT_CBOR : inspection.refuseClass(prototype);
  if (types.isSharedArrayBuffer(object)) return inspection.refuse('is a SharedArrayBuffer');
  if (types.isPromise(object)) return inspection.refuse('is a promise; await it');
  if (types.isBoxedPrimitive(object)) return inspection.refuse('is a primitive in an object; return the primitive');
  return inspection.refuseClass(prototype);
}

function inspectMap(map: ReadonlyMap<unknown, unknown>, inspection: Inspection, depth: number): number {
  inspection.enter(map, NOT_CBOR, 'Map');
  let flags = OK;
  let position = 0;
  for (const [key, value] of map) {
    const foundInKey = inspection.inspect(key, depth);
    if (foundInKey >= STOP) return inspection.stopAt(`.keys()[${position}]`);
    const found = inspection.inspect(value, depth);
    if (found >= STOP) return inspection.stopAt(mapValueStep(key, position));
    flags |= foundInKey | found;
    position += 1;
  }
  inspection.exit(map);
  return flags;
}

function inspectSet(set: ReadonlySet<unknown>, inspection: Inspection, depth: number): number {
  inspection.enter(set, NOT_CBOR, 'Set');
  let flags = OK;
  let position = 0;
  for (const value of set) {
    const found = inspection.inspect(value, depth);
    if (found >= STOP) return inspection.stopAt(`.values()[${position}]`);
    flags |= found;
    position += 1;
  }
  inspection.exit(set);
  return flags;
}

function inspectDate(date: Date): number {
  const time = date.getTime();
  // cbor-x writes seconds, in which some far milliseconds cannot be told apart.
  return Number.isNaN(time) || Math.round((time / 1000) * 1000) === time ? OK : NOT_CBOR;
}

/** V8 keeps the class, message, stack and cause of standard errors, and drops everything else. */
function inspectError(error: Error, inspection: Inspection, depth: number): number {
  for (const key of Reflect.ownKeys(error)) {
    if (key !== 'stack' && !isKept(key, error)) return inspection.refuseExtra(key);
  }
  if (error.stack !== undefined && typeof error.stack !== 'string') return inspection.refuseExtra('stack');
  inspection.enter(error, NOT_CBOR | NOT_V8, 'Error');
  const found = inspection.inspect(error.cause, depth);
  inspection.exit(error);
  return found >= STOP ? inspection.stopAt('.cause') : found;
}

function isKept(key: string | symbol, error: Error): boolean {
  const property = Object.getOwnPropertyDescriptor(error, key) as PropertyDescriptor;
  if (property.enumerable || !('value' in property)) return false;
  return key === 'cause' || (key === 'message' && typeof property.value === 'string');
}

const maxBytes = 2 ** 32 - 1;

/** The flags of a typed array, Buffer or DataView; its elements need no inspection. */
function inspectView(view: ArrayBufferView, prototype: object, inspection: Inspection): number {
  const forCbor = viewPrototypes.has(prototype);
  if (!forCbor) {
    const name = builtInName(prototype);
    if (name !== 'DataView' && !typedArrayNames.has(name)) return inspection.refuseClass(prototype);
  }
  const extra = types.isTypedArray(view) ? findExtraProperty(view) : Reflect.ownKeys(view)[0];
  if (extra !== undefined) return inspection.refuseExtra(extra);
  const flags = inspectBuffer(view.buffer, view.byteLength, inspection);
  if (flags >= STOP) return flags;
  if (isSegment(view)) return SEGMENTS;
  return forCbor ? flags : flags | NOT_CBOR;
}

/** The flags of bytes in a buffer. */
function inspectBuffer(buffer: ArrayBufferLike, byteLength: number, inspection: Inspection): number {
  if (types.isSharedArrayBuffer(buffer)) return inspection.refuse('is on a SharedArrayBuffer; return a copy');
  if ((buffer as { resizable?: boolean }).resizable)
    return inspection.refuse('is on a resizable ArrayBuffer; return a copy');
  if (byteLength <= maxCborBytes) return OK;
  return byteLength <= maxBytes ? NOT_CBOR : inspection.refuse('is larger than 4 GiB');
}
