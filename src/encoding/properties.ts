import { inspect } from 'node:util';

/** Up to this length listing the keys is cheaper than `inspect`, which takes about a microsecond at any length. */
const shortLength = 64;
const hiddenElements = { maxArrayLength: 0, customInspect: false, breakLength: Number.POSITIVE_INFINITY } as const;

/** The first own property, if any, of an array or typed array that is not one of its elements; it has no holes. */
export function findExtraProperty(list: { readonly length: number }): string | symbol | undefined {
  const symbols = Object.getOwnPropertySymbols(list);
  if (symbols.length > 0) return symbols[0];
  const { length } = list;
  // Nothing in the language lists properties without the elements. `inspect` does, and when it prints anything
  // but "n more items" the keys are listed after all, so that its wording does not matter.
  if (length > shortLength && inspect(list, hiddenElements).endsWith(`[ ... ${length} more items ]`)) return undefined;
  const keys = Object.keys(list);
  return keys.length === length ? undefined : keys[length];
}

const { __lookupGetter__ } = Object.prototype as unknown as { __lookupGetter__(key: string): unknown };

/** The getter that reading this property would call, if it is an accessor; several times faster than its descriptor. */
export function getterOf(object: object, key: string): unknown {
  return __lookupGetter__.call(object, key);
}

/**
 * How many numbers other than -0 an array starts with.
 *
 * A loop of its own: in one that sees other items as well, V8 makes an object of each number that it reads.
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

/** How a property is written after its object: `.name`, `[3]`, `["a b"]`. */
export function propertyStep(key: string | number | symbol): string {
  if (typeof key === 'number') return `[${key}]`;
  if (typeof key === 'symbol') return `[${String(key)}]`;
  return identifier.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

/** How a value in a Map is written after the Map: by its key where that can be written down, else by its position. */
export function mapValueStep(key: unknown, position: number): string {
  if (typeof key === 'string') return `.get(${JSON.stringify(key)})`;
  return typeof key === 'number' ? `.get(${key})` : `.values()[${position}]`;
}
