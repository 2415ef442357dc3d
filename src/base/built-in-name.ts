import { URL as NodeUrl } from 'node:url';
import { types } from 'node:util';

/** The names found so far, by prototype; null for prototypes of other classes. */
const names = new WeakMap<object, string | null>();
const sourceOf = Function.prototype.toString;

/**
 * The name of the built-in class that has this prototype, in whatever realm, such as `Map`.
 *
 * Neither `instanceof` nor the globals can tell: test runners and `vm` contexts have realms of their own, and test
 * clocks replace `Date`, perhaps before this file is loaded. Their prototypes count as that of Date.
 */
export function builtInName(prototype: object): string | undefined {
  const known = names.get(prototype);
  if (known) return known;
  if (known === null && !isOfGlobalDate(prototype)) return undefined;
  const name = nativeName(prototype) ?? (standsInForDate(prototype) ? 'Date' : undefined);
  names.set(prototype, name ?? null);
  return name;
}

/** Whether objects with this prototype are plain ones: `{}`, of any realm, or without a prototype. */
export function isPlainPrototype(prototype: object | null): boolean {
  if (prototype === Object.prototype || prototype === null) return true;
  // Most other prototypes are told by this, which is cheap.
  return Object.getPrototypeOf(prototype) === null && builtInName(prototype) === 'Object';
}

/** Whether arrays with this prototype are plain ones, of any realm. */
export function isArrayPrototype(prototype: object | null): boolean {
  return prototype === Array.prototype || (prototype !== null && builtInName(prototype) === 'Array');
}

/** Whether two prototypes are of one class, or of the same built-in class of two realms. */
export function isSameClass(a: object | null, b: object | null): boolean {
  if (a === b) return true;
  const name = a === null ? undefined : builtInName(a);
  return name !== undefined && b !== null && builtInName(b) === name;
}

/** Whether an object is a URL and nothing more, of Node or of what took the place of its global. */
export function isUrl(object: object): object is URL {
  const prototype: object | null = Object.getPrototypeOf(object);
  return prototype !== null && isUrlPrototype(prototype) && hrefOf(object, prototype) !== undefined;
}

/** Whether URLs have this prototype. */
export function isUrlPrototype(prototype: object): boolean {
  return prototype === NodeUrl.prototype || prototype === (globalThis.URL?.prototype as object | undefined);
}

/** The keys of all properties of an object, without the one by which Dates of a test clock name the real class. */
export function ownKeysOf(object: object): readonly (string | symbol)[] {
  const keys = Reflect.ownKeys(object);
  return keys[0] === 'constructor' && types.isDate(object) && hidesClass(object) ? keys.slice(1) : keys;
}

/** The class that a built-in prototype belongs to. */
export function classOfNative(prototype: object): Function | undefined {
  const Class: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  return typeof Class === 'function' ? Class : undefined;
}

/** The name of a class or function of the language itself; undefined for any other. */
export function nativeFunctionName(value: unknown): string | undefined {
  return typeof value === 'function'
    ? /^function (\w+)\(\) \{ \[native code\] \}$/.exec(sourceOf.call(value))?.[1]
    : undefined;
}

function nativeName(prototype: object): string | undefined {
  const Class = classOfNative(prototype);
  const name = Class?.prototype === prototype ? nativeFunctionName(Class) : undefined;
  return name ?? (isDatePrototype(prototype) ? 'Date' : undefined);
}

/** Whether this is the prototype of Date itself, in which a test clock may have replaced `constructor`. */
function isDatePrototype(prototype: object): boolean {
  const getTime: unknown = Object.getOwnPropertyDescriptor(prototype, 'getTime')?.value;
  return nativeFunctionName(getTime) === 'getTime' && Object.hasOwn(prototype, Symbol.toPrimitive);
}

/** A fake Date extends the real one, adds nothing to its objects, and pretends to be it. */
function standsInForDate(prototype: object): boolean {
  const parent: object | null = Object.getPrototypeOf(prototype);
  if (parent === null || builtInName(parent) !== 'Date') return false;
  if (isOfGlobalDate(prototype)) return true;
  const Class = classOfNative(prototype);
  if (Class === undefined || Reflect.ownKeys(prototype).length > 1) return false;
  return Object.hasOwn(Class, 'now') && Object.hasOwn(Class, 'toString');
}

function isOfGlobalDate(prototype: object): boolean {
  return prototype === (globalThis.Date?.prototype as object | undefined);
}

function hidesClass(date: Date): boolean {
  const property = Object.getOwnPropertyDescriptor(date, 'constructor')!;
  return !property.enumerable && isClassOfDates(property.value);
}

function isClassOfDates(value: unknown): boolean {
  return typeof value === 'function' && builtInName(value.prototype as object) === 'Date';
}

function hrefOf(object: object, prototype: object): unknown {
  try {
    return Reflect.get(prototype, 'href', object);
  } catch {
    // An object that only has this prototype.
    return undefined;
  }
}
