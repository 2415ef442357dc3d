import { hash } from 'node:crypto';
import { kindOf } from '../task/data';
import { DeclarationError } from '../task/declaration-error';

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
  switch (typeof value) {
    case 'string':
      return canonicalString(value);
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
      return Array.isArray(value)
        ? canonicalArray(value, special)
        : (special?.(value) ?? canonicalObject(value, special));
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

function canonicalArray(items: readonly unknown[], special: Special | undefined): string {
  let text = '[';
  for (let i = 0; i < items.length; i++) text += canonical(items[i], special);
  return `${text}]`;
}

function canonicalObject(value: object, special: Special | undefined): string {
  switch (kindOf(value)) {
    case 'object': {
      let text = '{';
      for (const name of Object.keys(value).sort()) {
        const item = (value as Record<string, unknown>)[name];
        if (item !== undefined) text += canonicalString(name) + canonical(item, special);
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
        ([key, item]) => canonical(key, special) + canonical(item, special),
      )
        .sort()
        .join('')}}`;
    case 'set':
      return `S{${Array.from(value as Set<unknown>, (item) => canonical(item, special))
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
