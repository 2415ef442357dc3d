import { types } from 'node:util';
import { lookAtBuffer, lookAtView } from './binary';
import { builtInName } from './built-in-name';
import { refuseClass, refuseExtra } from './refusals';
import { mapValueStep } from './value-path';
import { FINE, NOT_CBOR, NOT_V8, STOP, type Walk } from './walk';

/** Those that V8 tells apart; the others come back as Error. */
const ERRORS = new Set<string | undefined>(
  [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map((error) => error.name),
);
/** What an object asks for that is neither plain nor an array. */
export function lookAtBuiltIn(object: object, prototype: object, walk: Walk, depth: number): number {
  if (ArrayBuffer.isView(object)) return lookAtView(object, prototype, walk);
  if (types.isMap(object)) return ifBuiltIn('Map', object, prototype, walk, () => lookAtMap(object, walk, depth));
  if (types.isSet(object)) return ifBuiltIn('Set', object, prototype, walk, () => lookAtSet(object, walk, depth));
  if (types.isDate(object)) return ifBuiltIn('Date', object, prototype, walk, () => lookAtDate(object));
  if (types.isRegExp(object)) {
    return ifBuiltIn('RegExp', object, prototype, walk, () =>
      object.lastIndex === 0 ? FINE : walk.refuse('is a RegExp in use: its lastIndex is not 0'),
    );
  }
  if (types.isNativeError(object)) return lookAtError(object, prototype, walk, depth);
  if (types.isArrayBuffer(object)) {
    return ifBuiltIn(
      'ArrayBuffer',
      object,
      prototype,
      walk,
      () => NOT_CBOR | lookAtBuffer(object, object.byteLength, walk),
    );
  }
  if (types.isSharedArrayBuffer(object)) return walk.refuse('is a SharedArrayBuffer');
  if (types.isPromise(object)) return walk.refuse('is a promise; await it');
  if (types.isBoxedPrimitive(object)) return walk.refuse('is a primitive in an object; return the primitive');
  if (prototype === URL.prototype) {
    return (
      noProperties(object, walk) |
      walk.needs(NOT_V8, 'is a URL, and is beside something that only V8 can encode; return its href')
    );
  }
  return refuseClass(prototype, walk);
}

/** What `look` says, for an object of just this class, of this realm or another, without properties of its own. */
function ifBuiltIn(
  name: 'Map' | 'Set' | 'Date' | 'RegExp' | 'ArrayBuffer',
  object: object,
  prototype: object,
  walk: Walk,
  look: () => number,
): number {
  const own = prototype === globalThis[name].prototype;
  if (!own && builtInName(prototype) !== name) return refuseClass(prototype, walk);
  const extra = noProperties(object, walk);
  if (extra >= STOP) return extra;
  // cbor-x knows classes by `instanceof`, which fails for those of another realm.
  return look() | (own ? FINE : NOT_CBOR);
}

function noProperties(object: object, walk: Walk): number {
  const extra = Reflect.ownKeys(object).find((key) => !(key === 'lastIndex' && types.isRegExp(object)));
  return extra === undefined ? FINE : refuseExtra(extra, walk);
}

function lookAtDate(date: Date): number {
  const time = date.getTime();
  // cbor-x writes seconds, in which some far milliseconds cannot be told apart.
  return Number.isNaN(time) || Math.round((time / 1000) * 1000) === time ? FINE : NOT_CBOR;
}

function lookAtMap(map: ReadonlyMap<unknown, unknown>, walk: Walk, depth: number): number {
  return walk.inside(map, NOT_CBOR, 'Map', () => {
    let flags = FINE;
    let position = 0;
    for (const [key, value] of map) {
      const foundInKey = walk.look(key, depth);
      if (foundInKey >= STOP) return walk.leave(`.keys()[${position}]`);
      const found = walk.look(value, depth);
      if (found >= STOP) return walk.leave(mapValueStep(key, position));
      flags |= foundInKey | found;
      position += 1;
    }
    return flags;
  });
}

function lookAtSet(set: ReadonlySet<unknown>, walk: Walk, depth: number): number {
  return walk.inside(set, NOT_CBOR, 'Set', () => {
    let flags = FINE;
    let position = 0;
    for (const value of set) {
      const found = walk.look(value, depth);
      if (found >= STOP) return walk.leave(`.values()[${position}]`);
      flags |= found;
      position += 1;
    }
    return flags;
  });
}

/** V8 keeps the class, message, stack and cause of the standard errors, and drops everything else. */
function lookAtError(error: Error, prototype: object, walk: Walk, depth: number): number {
  if (!ERRORS.has(builtInName(prototype))) return refuseClass(prototype, walk);
  for (const key of Reflect.ownKeys(error)) {
    if (key === 'stack') continue;
    const property = Object.getOwnPropertyDescriptor(error, key);
    const kept =
      (key === 'message' && typeof property?.value === 'string') || (key === 'cause' && property?.get === undefined);
    if (!kept || property?.enumerable) return refuseExtra(key, walk);
  }
  if (error.stack !== undefined && typeof error.stack !== 'string') return refuseExtra('stack', walk);
  const found = walk.inside(error, NOT_CBOR | NOT_V8, 'Error', () => walk.look(error.cause, depth));
  return found >= STOP ? walk.leave('.cause') : found | NOT_CBOR;
}
