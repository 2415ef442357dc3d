import { inspect } from 'node:util';

/** Up to this length listing the keys is cheaper than `inspect`, which takes about a microsecond at any length. */
const SHORT = 64;
const ELEMENTS_HIDDEN = { maxArrayLength: 0, customInspect: false, breakLength: Number.POSITIVE_INFINITY } as const;

/** The first own property, if any, of an array or typed array that is not one of its elements; it has no holes. */
export function extraProperty(list: { readonly length: number }): string | symbol | undefined {
  const symbols = Object.getOwnPropertySymbols(list);
  if (symbols.length > 0) return symbols[0];
  const { length } = list;
  // Nothing in the language lists properties without the elements. `inspect` does, and when it prints anything
  // but "n more items" the keys are listed after all, so that its wording does not matter.
  if (length > SHORT && inspect(list, ELEMENTS_HIDDEN).endsWith(`[ ... ${length} more items ]`)) return undefined;
  const keys = Object.keys(list);
  return keys.length === length ? undefined : keys[length];
}
