import { types } from 'node:util';
import { builtInName, isUrl, ownKeysOf } from '../base/built-in-name';
import { lookAtBuffer, lookAtView } from './binary';
import { refuseClass, refuseExtra } from './refusals';
import { mapValueStep } from './value-path';
import { FINE, NOT_CBOR, NOT_V8, STOP, type Walk } from './walk';

/** Those that V8 tells apart; the others come back as Error. */
const ERRORS = new Set<string | undefined>(
  'Error EvalError RangeError ReferenceError SyntaxError TypeError URIError'.split(' '),
);

/** The other classes that encodings know, by name, and how to know their objects. */
const KNOWN = new Map<string | undefined, (object: object) => boolean>([
  ['Map', types.isMap],
  ['Set', types.isSet],
  ['Date', types.isDate],
  ['RegExp', types.isRegExp],
  ['ArrayBuffer', types.isArrayBuffer],
]);
/** Those that cbor-x knows: by `instanceof`, which fails for objects of another realm. */
const KNOWN_HERE = new Set<object>([Map.prototype, Set.prototype, RegExp.prototype, ArrayBuffer.prototype]);

/** What an object asks for that is neither plain nor an array. */
export function lookAtBuiltIn(object: object, prototype: object, walk: Walk, depth: number): number {
  if (ArrayBuffer.isView(object)) return lookAtView(object, prototype, walk);
  const flags = lookAtClass(object, prototype, walk);
  if (flags >= STOP) return flags;
  if (types.isNativeError(object)) return flags | lookAtError(object, walk, depth);
  const extra = ownKeysOf(object)[types.isRegExp(object) ? 1 : 0];
  if (extra !== undefined) return refuseExtra(extra, walk);
  if (types.isRegExp(object))
    return object.lastIndex === 0 ? flags : walk.refuse('is a RegExp in use: its lastIndex is not 0');
  if (types.isDate(object)) return flags | lookAtDate(object);
  if (types.isMap(object)) return flags | lookAtMap(object, walk, depth);
  if (types.isSet(object)) return flags | lookAtSet(object, walk, depth);
  return types.isArrayBuffer(object) ? flags | NOT_CBOR | lookAtBuffer(object, object.byteLength, walk) : flags;
}

/** Refuses an object that is not of just one of the known classes, of this realm or another. */
function lookAtClass(object: object, prototype: object, walk: Walk): number {
  const name = builtInName(prototype);
  if (KNOWN.get(name)?.(object)) return name === 'Date' || KNOWN_HERE.has(prototype) ? FINE : NOT_CBOR;
  if (isUrl(object)) {
    return walk.needs(NOT_V8, 'is a URL, and is beside something that only V8 can encode; return its href');
  }
  if (types.isNativeError(object)) return ERRORS.has(name) ? NOT_CBOR : refuseClass(prototype, walk);
  if (types.isSharedArrayBuffer(object)) return walk.refuse('is a SharedArrayBuffer');
  if (types.isPromise(object)) return walk.refuse('is a promise; await it');
  if (types.isBoxedPrimitive(object)) return walk.refuse('is a primitive in an object; return the primitive');
  return refuseClass(prototype, walk);
}

function lookAtMap(map: ReadonlyMap<unknown, unknown>, walk: Walk, depth: number): number {
  walk.enter(map, NOT_CBOR, 'Map');
  let flags = FINE;
  let position = 0;
  for (const [key, value] of map) {
    const foundInKey = walk.look(key, depth);
    if (foundInKey >= STOP) return walk.stopAt(`.keys()[${position}]`);
    const found = walk.look(value, depth);
    if (found >= STOP) return walk.stopAt(mapValueStep(key, position));
    flags |= foundInKey | found;
    position += 1;
  }
  walk.exit(map);
  return flags;
}

function lookAtSet(set: ReadonlySet<unknown>, walk: Walk, depth: number): number {
  walk.enter(set, NOT_CBOR, 'Set');
  let flags = FINE;
  let position = 0;
  for (const value of set) {
    const found = walk.look(value, depth);
    if (found >= STOP) return walk.stopAt(`.values()[${position}]`);
    flags |= found;
    position += 1;
  }
  walk.exit(set);
  return flags;
}

function lookAtDate(date: Date): number {
  const time = date.getTime();
  // cbor-x writes seconds, in which some far milliseconds cannot be told apart.
  return Number.isNaN(time) || Math.round((time / 1000) * 1000) === time ? FINE : NOT_CBOR;
}

/** V8 keeps the class, message, stack and cause of the standard errors, and drops everything else. */
function lookAtError(error: Error, walk: Walk, depth: number): number {
  for (const key of Reflect.ownKeys(error)) {
    if (key !== 'stack' && !isKept(key, error)) return refuseExtra(key, walk);
  }
  if (error.stack !== undefined && typeof error.stack !== 'string') return refuseExtra('stack', walk);
  walk.enter(error, NOT_CBOR | NOT_V8, 'Error');
  const found = walk.look(error.cause, depth);
  walk.exit(error);
  return found >= STOP ? walk.stopAt('.cause') : found;
}

function isKept(key: string | symbol, error: Error): boolean {
  const property = Object.getOwnPropertyDescriptor(error, key) as PropertyDescriptor;
  if (property.enumerable || !('value' in property)) return false;
  return key === 'cause' || (key === 'message' && typeof property.value === 'string');
}
