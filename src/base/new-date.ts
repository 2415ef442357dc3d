import { builtInName, classOfNative, nativeFunctionName } from './built-in-name';

/** What the global was when the class was looked up. */
let global: unknown;
let RealDate: DateConstructor | undefined;

/**
 * A Date of this time, whatever took the place of the global: a test clock, or a mock that always gives the same.
 *
 * Where the replacement would not take it for a Date, it gets the prototype of the replacement.
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

/** The class that the global is, or extends. */
function findClass(Class: unknown): DateConstructor | undefined {
  if (nativeFunctionName(Class) === 'Date') return Class as DateConstructor;
  let prototype = (Class as { readonly prototype?: object | null } | undefined)?.prototype ?? null;
  for (; prototype !== null; prototype = Object.getPrototypeOf(prototype) as object | null) {
    const found = classOfNative(prototype);
    if (nativeFunctionName(found) === 'Date') return found as DateConstructor;
  }
  return undefined;
}

/** That of Node's own modules, which is another one in realms of test runners. */
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
