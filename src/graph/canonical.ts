import { hash } from 'node:crypto';
import { kindOf } from '../task/data';
import { DeclarationError } from '../task/declaration-error';
import type { TaskRef } from '../task/ref';
import { isConstant } from './copies';

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
export function paramText(value: unknown, special?: Special): string {
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
  switch (kindOf(value)) {
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
