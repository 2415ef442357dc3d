import { URL as NodeUrl } from 'node:url';
import { types } from 'node:util';

/** Names found so far, by prototype; null for prototypes of other classes. */
const names = new WeakMap<object, string | null>();
const sourceOf = Function.prototype.toString;

/**
 * The name of the built-in class with this prototype, such as `Map`, in any realm.
 *
 * `instanceof` and globals do not suffice: test runners and `vm` contexts have their own realms, and test clocks
 * replace `Date`, possibly before this file loads. Prototypes of such clocks count as that of `Date`.
 */
export function builtInName(prototype: object): string | undefined {
  const known = names.get(prototype);
  if (known) return known;
  if (known === null && !isOfGlobalDate(prototype)) return undefined;
  const name = nativeName(prototype) ?? (standsInForDate(prototype) ? 'Date' : undefined);
  names.set(prototype, name ?? null);
  return name;
}

/** True for the prototype of plain objects, `{}` of any realm, and for null. */
export function isPlainPrototype(prototype: object | null): boolean {
  if (prototype === Object.prototype || prototype === null) return true;
  // Cheap, and rules out most other prototypes.
  return Object.getPrototypeOf(prototype) === null && builtInName(prototype) === 'Object';
}

/** True for the prototype of plain arrays, of any realm. */
export function isArrayPrototype(prototype: object | null): boolean {
  return prototype === Array.prototype || (prototype !== null && builtInName(prototype) === 'Array');
}

/** True for prototypes of one class, or of the same built-in class in two realms. */
export function isSameClass(a: object | null, b: object | null): boolean {
  if (a === b) return true;
  const name = a === null ? undefined : builtInName(a);
  return name !== undefined && b !== null && builtInName(b) === name;
}

/** True for a plain URL, of Node's class or of a replacement of the global. */
export function isUrl(object: object): object is URL {
  const prototype: object | null = Object.getPrototypeOf(object);
  return prototype !== null && isUrlPrototype(prototype) && hrefOf(object, prototype) !== undefined;
}

/** True for the prototype of URLs. */
export function isUrlPrototype(prototype: object): boolean {
  return prototype === NodeUrl.prototype || prototype === (globalThis.URL?.prototype as object | undefined);
}

/** All own property keys, without the `constructor` that Dates of a test clock have. */
export function ownKeysOf(object: object): readonly (string | symbol)[] {
  const keys = Reflect.ownKeys(object);
  return keys[0] === 'constructor' && types.isDate(object) && hidesClass(object) ? keys.slice(1) : keys;
}

/** The class of a built-in prototype. */
export function classOfNative(prototype: object): Function | undefined {
  const Class: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  return typeof Class === 'function' ? Class : undefined;
}

/** The name of a built-in class or function; undefined for others. */
function nativeFunctionName(value: unknown): string | undefined {
  return typeof value === 'function'
    ? /^function (\w+)\(\) \{ \[native code\] \}$/.exec(sourceOf.call(value))?.[1]
    : undefined;
}

function nativeName(prototype: object): string | undefined {
  const Class = classOfNative(prototype);
  const name = Class?.prototype === prototype ? nativeFunctionName(Class) : undefined;
  return name ?? (isDatePrototype(prototype) ? 'Date' : undefined);
}

/** Recognises the prototype of Date itself, even if a test clock replaced its `constructor`. */
function isDatePrototype(prototype: object): boolean {
  const getTime: unknown = Object.getOwnPropertyDescriptor(prototype, 'getTime')?.value;
  return nativeFunctionName(getTime) === 'getTime' && Object.hasOwn(prototype, Symbol.toPrimitive);
}

/** Recognises a fake Date: it extends the real one and adds nothing to its instances. */
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
    // Has the prototype, but is not a URL.
    return undefined;
  }
}

/** The global at the time of the lookup. */
let global: unknown;
let RealDate: DateConstructor | undefined;

/**
 * A Date with this time, even if the global is replaced by a test clock or by a mock with a fixed time.
 *
 * If `instanceof` of the replacement would be false, the Date gets the prototype of the replacement.
 */
export function newDate(time: number): Date {
  const Current: DateConstructor = globalThis.Date;
  if (Current !== global) {
    RealDate = findClass(Current) ?? RealDate ?? fromNode();
    global = Current;
  }
  const date = new RealDate!(time);
  if (Current === RealDate || isDate(date, Current)) return date;
  const prototype = (Current?.prototype as object | undefined) ?? null;
  return prototype !== null && builtInName(prototype) === 'Date' ? Object.setPrototypeOf(date, prototype) : date;
}

/** The built-in class that the global is, or extends. */
function findClass(Class: unknown): DateConstructor | undefined {
  if (nativeFunctionName(Class) === 'Date') return Class as DateConstructor;
  let prototype = (Class as { readonly prototype?: object | null } | undefined)?.prototype ?? null;
  for (; prototype !== null; prototype = Object.getPrototypeOf(prototype) as object | null) {
    const found = classOfNative(prototype);
    if (nativeFunctionName(found) === 'Date') return found as DateConstructor;
  }
  return undefined;
}

/** The class of Node's own modules, which differs from the global in realms of test runners. */
function fromNode(): DateConstructor {
  const { deserialize } = require('node:v8') as typeof import('node:v8');
  const serialized = Buffer.from('ff0f440000000000000000', 'hex');
  return classOfNative(Object.getPrototypeOf(deserialize(serialized))) as DateConstructor;
}

function isDate(date: Date, Class: unknown): boolean {
  try {
    return date instanceof (Class as DateConstructor);
  } catch {
    return false;
  }
}
