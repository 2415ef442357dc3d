import { hash } from 'node:crypto';
import { dataKindOf, isPrimitive } from '../task/data';
import { DeclarationError } from '../task/errors';
import type { TaskRef } from '../task/ref';
import { isConstant } from './frozen-copies';

/** The text of objects that are not data, such as refs and nodes; undefined for other objects. */
export type Special = (value: object) => string | undefined;

/**
 * A value as text: equal values have equal text in every process and release, different values different text.
 *
 * Each value starts with a one-letter tag and marks its end, so that texts are unambiguous:
 * `u` undefined, `n` null, `t` `f` booleans, `d1.5;` number, `i12;` bigint, `s3:abc` string, `w1:d800` string
 * with lone surrogates, `[…]` array, `{…}` object, `D…;` Date, `R` RegExp, `U` URL, `M{…}` Map, `S{…}` Set,
 * `BFloat64Array;<SHA-256>` bytes. Keys are sorted; undefined properties are omitted; -0 is 0.
 *
 * Keys of saved results are hashes of this text: any change invalidates all of them.
 */
export function canonical(value: unknown, special?: Special): string {
  return textOf(value, special, whole);
}

/**
 * The text of a param's value: canonical, with `#<SHA-256>` in place of long parts. So a large value is hashed once,
 * and nodes do not keep its text.
 */
export function canonicalParam(value: unknown, special?: Special): string {
  return textOf(value, special, 0);
}

/** The depth that disables shortening. */
const whole = -1;
/** Texts longer than this are shortened. */
const longest = 1_024;
/** Maximum depth in a param at which shortened texts are cached. */
const knownDepth = 2;
const shortened = new WeakMap<object, string>();

/** @param depth the depth of the value in a param; `whole` to shorten nothing */
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
  // Hashes are of UTF-8, which has no lone surrogates: all would become the same.
  let units = '';
  for (let i = 0; i < text.length; i++) units += text.charCodeAt(i).toString(16).padStart(4, '0');
  return `w${text.length}:${units}`;
}

function objectText(value: object, special: Special | undefined, depth: number): string {
  return Array.isArray(value)
    ? canonicalArray(value, special, depth)
    : (special?.(value) ?? canonicalObject(value, special, depth));
}

/** The text of an object, or its hash if it is long; computed once for a value that never changes. */
function shortText(value: object, special: Special | undefined, depth: number): string {
  const known = depth <= knownDepth ? shortened.get(value) : undefined;
  if (known !== undefined) return known;
  const text = objectText(value, special, depth + 1);
  if (text.length <= longest) {
    // The text of bytes is short, but hashing them takes time.
    if (ArrayBuffer.isView(value) && value.byteLength > longest && isConstant(value)) shortened.set(value, text);
    return text;
  }
  const short = `#${hash('sha256', text, 'hex')}`;
  if (isConstant(value)) shortened.set(value, short);
  return short;
}

let lastString = '';
let lastShort = '';

/** The hash of a long string. Caches the last one: many tasks often share one string. */
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

/** Distinguishes refs by content. */
export function refByContent(value: object): string | undefined {
  const { task, params, path } = value as TaskRef<unknown>;
  return typeof task === 'function' && path
    ? `@${task.name}${canonical(params, refByContent)}${canonical(path)}`
    : undefined;
}

/** The property names of an object, in canonical order. */
export function sortedNames(object: object): string[] {
  const names = Object.keys(object);
  for (let i = 1; i < names.length; i++) if (names[i - 1]! > names[i]!) return names.sort();
  return names;
}

/**
 * The entries of a Map in canonical order: by key, numbers and strings ascending, objects by content.
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

/** The items of a Set in canonical order. */
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

/** Undefined last: sorting puts it there regardless of the comparison. */
const types = ['boolean', 'number', 'bigint', 'string', 'object', 'undefined'];

/** Compares primitives by type, then by value, NaN last. All objects are equal. */
function compare(a: unknown, b: unknown): number {
  if (typeof a !== typeof b) return types.indexOf(typeof a) - types.indexOf(typeof b);
  if (typeof a === 'object') return Number(a !== null) - Number(b !== null);
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  return (a as number) < (b as number) ? -1 : Number((a as number) > (b as number));
}

/** The text of a value; empty for values that cannot be part of a key, so that these keep their order. */
function contentText(value: unknown, special: Special): string {
  try {
    return canonical(value, special);
  } catch {
    return '';
  }
}
