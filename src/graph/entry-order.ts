import { isPrimitive } from '../task/data';
import { canonical, refByContent, type Special } from './canonical';

/** The names of an object's properties, sorted as in canonical text. */
export function sortedNames(object: object): string[] {
  const names = Object.keys(object);
  for (let i = 1; i < names.length; i++) if (names[i - 1]! > names[i]!) return names.sort();
  return names;
}

/**
 * The entries of a Map by their keys: numbers and strings ascending, objects by their content.
 *
 * @param special the text of objects that are not data
 */
export function sortedEntries(entries: [unknown, unknown][], special: Special = refByContent): [unknown, unknown][] {
  if (entries.every(([key]) => isPrimitive(key))) return sorted(entries, (a, b) => compare(a[0], b[0]));
  return sorted(
    entries.map((entry) => ({ entry, text: textOf(entry[0], special) + textOf(entry[1], special) })),
    (a, b) => compare(a.entry[0], b.entry[0]) || compare(a.text, b.text),
  ).map(({ entry }) => entry);
}

/** The items of a Set, likewise. */
export function sortedItems(items: unknown[], special: Special = refByContent): unknown[] {
  if (items.every(isPrimitive)) return sorted(items, compare);
  return sorted(
    items.map((item) => ({ item, text: textOf(item, special) })),
    (a, b) => compare(a.item, b.item) || compare(a.text, b.text),
  ).map(({ item }) => item);
}

function sorted<T>(items: T[], order: (a: T, b: T) => number): T[] {
  for (let i = 1; i < items.length; i++) if (order(items[i - 1]!, items[i]!) > 0) return items.sort(order);
  return items;
}

/** Undefined last, since sorting puts it there whatever a comparison says. */
const types = ['boolean', 'number', 'bigint', 'string', 'object', 'undefined'];

/** Primitives of one type by their value, NaN last; of different ones, by type. Objects are all alike. */
function compare(a: unknown, b: unknown): number {
  if (typeof a !== typeof b) return types.indexOf(typeof a) - types.indexOf(typeof b);
  if (typeof a === 'object') return Number(a !== null) - Number(b !== null);
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  return (a as number) < (b as number) ? -1 : Number((a as number) > (b as number));
}

/** Content as text; what cannot be part of a key has none, and keeps its place. */
function textOf(value: unknown, special: Special): string {
  try {
    return canonical(value, special);
  } catch {
    return '';
  }
}
