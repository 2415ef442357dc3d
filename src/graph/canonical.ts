import { hash } from 'node:crypto';
import { dataKindOf, isPrimitive } from '../task/data';
import { DeclarationError } from '../task/errors';
import type { TaskRef } from '../task/ref';
import { isConstant } from './frozen-copies';

/** How an object that is no data (a ref, a node) is written; undefined when it is none of those. */
export type Special = (value: object) => string | undefined;

/**
 * A value as text: equal values give equal text in every process and release, different ones different text.
 *
 * Every value starts with a tag of one letter and says where it ends, so that no two texts can be confused:
 * `u` undefined, `n` null, `t` `f` booleans, `d1.5;` number, `i12;` bigint, `s3:abc` string, `w1:d800` string
 * with lone surrogates, `[…]` array, `{…}` object, `D…;` Date, `R` RegExp, `U` URL, `M{…}` Map, `S{…}` Set,
 * `BFloat64Array;<SHA-256>` bytes. Keys are sorted; properties that are undefined are left out; -0 is 0.
 *
 * This text is hashed into the keys of saved results: changing it makes all of them unknown.
 */
export function canonical(value: unknown, special?: Special): string {
  return textOf(value, special, whole);
}

/**
 * The text of a param's value: as `canonical` has it, with `#<SHA-256>` in place of the text of a part that is long.
 * So a large value is hashed once, and no node holds its text.
 */
export function canonicalParam(value: unknown, special?: Special): string {
  return textOf(value, special, 0);
}

/** The depth at which nothing is shortened. */
const whole = -1;
/** Texts longer than this are shortened. */
const longest = 1_024;
/** How deep in a param texts are looked up that were shortened before. */
const knownDepth = 2;
const shortened = new WeakMap<object, string>();

/** @param depth how deep in a param the value is; `whole` when texts are not shortened */
function textOf(value: unknown, special: Special | undefined, depth: number): string {
  switch (typeof value) {
    case 'string':
      return depth !== whole && value.length > longest ? shortString(value) : canonicalString(value);
    case 'number':
      return `d${value};`;
    case 'boolean':
      return value ? 't' : 'f';
    case 'bigint':
      return `i${value};`;
    case 'undefined':
      return 'u';
    case 'object':
      if (value === null) return 'n';
      return depth === whole ? objectText(value, special, whole) : shortText(value, special, depth);
    default:
      throw new DeclarationError(`a ${typeof value} cannot be part of a key`);
  }
}

/** A string, by its UTF-16 units. */
export function canonicalString(text: string): string {
  if (text.isWellFormed()) return `s${text.length}:${text}`;
  // UTF-8, which is hashed, has no lone surrogates: they would all look the same.
  let units = '';
  for (let i = 0; i < text.length; i++) units += text.charCodeAt(i).toString(16).padStart(4, '0');
  return `w${text.length}:${units}`;
}

function objectText(value: object, special: Special | undefined, depth: number): string {
  return Array.isArray(value)
    ? canonicalArray(value, special, depth)
    : (special?.(value) ?? canonicalObject(value, special, depth));
}

/** The text of an object, or its hash when it is long; that of a value that never changes is made once. */
function shortText(value: object, special: Special | undefined, depth: number): string {
  const known = depth <= knownDepth ? shortened.get(value) : undefined;
  if (known !== undefined) return known;
  const text = objectText(value, special, depth + 1);
  if (text.length <= longest) {
    // The text of bytes is short, but made by hashing them.
    if (ArrayBuffer.isView(value) && value.byteLength > longest && isConstant(value)) shortened.set(value, text);
    return text;
  }
  const short = `#${hash('sha256', text, 'hex')}`;
  if (isConstant(value)) shortened.set(value, short);
  return short;
}

let lastString = '';
let lastShort = '';

/** A long string, which is one string for many tasks more often than not. */
function shortString(text: string): string {
  if (text !== lastString) {
    lastShort = `#${hash('sha256', canonicalString(text), 'hex')}`;
    lastString = text;
  }
  return lastShort;
}

function canonicalArray(items: readonly unknown[], special: Special | undefined, depth: number): string {
  let text = '[';
  for (let i = 0; i < items.length; i++) text += textOf(items[i], special, depth);
  return `${text}]`;
}

function canonicalObject(value: object, special: Special | undefined, depth: number): string {
  switch (dataKindOf(value)) {
    case 'object': {
      let text = '{';
      for (const name of Object.keys(value).sort()) {
        const item = (value as Record<string, unknown>)[name];
        if (item !== undefined) text += canonicalString(name) + textOf(item, special, depth);
      }
      return `${text}}`;
    }
    case 'date':
      return `D${(value as Date).getTime()};`;
    case 'regexp':
      return `R${canonicalString((value as RegExp).source)}${canonicalString((value as RegExp).flags)}`;
    case 'url':
      return `U${canonicalString((value as URL).href)}`;
    case 'map':
      return `M{${Array.from(
        value as Map<unknown, unknown>,
        ([key, item]) => textOf(key, special, depth) + textOf(item, special, depth),
      )
        .sort()
        .join('')}}`;
    case 'set':
      return `S{${Array.from(value as Set<unknown>, (item) => textOf(item, special, depth))
        .sort()
        .join('')}}`;
    case 'bytes': {
      const { buffer, byteOffset, byteLength } = value as Uint8Array;
      const type = Buffer.isBuffer(value) ? 'Buffer' : (value as Uint8Array)[Symbol.toStringTag];
      return `B${type};${hash('sha256', new Uint8Array(buffer, byteOffset, byteLength), 'hex')}`;
    }
    default:
      throw new DeclarationError(
        `an instance of ${value.constructor?.name ?? 'an unknown class'} cannot be part of a key`,
      );
  }
}

/** Tells refs apart by their content. */
export function refByContent(value: object): string | undefined {
  const { task, params, path } = value as TaskRef<unknown>;
  return typeof task === 'function' && path
    ? `@${task.name}${canonical(params, refByContent)}${canonical(path)}`
    : undefined;
}

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
    entries.map((entry) => ({ entry, text: contentText(entry[0], special) + contentText(entry[1], special) })),
    (a, b) => compare(a.entry[0], b.entry[0]) || compare(a.text, b.text),
  ).map(({ entry }) => entry);
}

/** The items of a Set, likewise. */
export function sortedItems(items: unknown[], special: Special = refByContent): unknown[] {
  if (items.every(isPrimitive)) return sorted(items, compare);
  return sorted(
    items.map((item) => ({ item, text: contentText(item, special) })),
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
function contentText(value: unknown, special: Special): string {
  try {
    return canonical(value, special);
  } catch {
    return '';
  }
}
