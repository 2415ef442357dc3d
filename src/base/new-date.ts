import { builtInName, classOfNative, nativeFunctionName } from './built-in-name';

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
