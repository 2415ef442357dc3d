import { inspect } from 'node:util';

/** Length up to which listing the keys is cheaper than `inspect`, which takes about a microsecond at any length. */
const shortLength = 64;
const hiddenElements = { maxArrayLength: 0, customInspect: false, breakLength: Number.POSITIVE_INFINITY } as const;

/** The first own property of an array or typed array without holes that is not one of its elements, if there is one. */
export function findExtraProperty(list: { readonly length: number }): string | symbol | undefined {
  const symbols = Object.getOwnPropertySymbols(list);
  if (symbols.length > 0) return symbols[0];
  const { length } = list;
  // The language cannot list properties without the elements, but `inspect` can. When it prints anything other than
  // "n more items", the keys are listed, so that its wording does not matter.
  if (length > shortLength && inspect(list, hiddenElements).endsWith(`[ ... ${length} more items ]`)) return undefined;
  const keys = Object.keys(list);
  return keys.length === length ? undefined : keys[length];
}

const { __lookupGetter__ } = Object.prototype as unknown as { __lookupGetter__(key: string): unknown };

/** The getter that reading a property would call, if it is an accessor; several times faster than its descriptor. */
export function getterOf(object: object, key: string): unknown {
  return __lookupGetter__.call(object, key);
}

/**
 * Counts the numbers other than -0 at the start of an array.
 *
 * In a loop of its own: V8 allocates an object for each number when a loop also reads other items.
 */
export function countLeadingNumbers(array: readonly unknown[]): number {
  const { length } = array;
  let count = 0;
  while (count < length) {
    const item = array[count];
    if (typeof item !== 'number' || (item === 0 && 1 / item < 0)) break;
    count++;
  }
  return count;
}

const identifier = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;

/** A property as a step of a path: `.name`, `[3]`, `["a b"]`. */
export function propertyStep(key: string | number | symbol): string {
  if (typeof key === 'number') return `[${key}]`;
  if (typeof key === 'symbol') return `[${String(key)}]`;
  return identifier.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

/** A value of a Map as a step of a path: with its key if that is a string or number, else with its position. */
export function mapValueStep(key: unknown, position: number): string {
  if (typeof key === 'string') return `.get(${JSON.stringify(key)})`;
  return typeof key === 'number' ? `.get(${key})` : `.values()[${position}]`;
}
