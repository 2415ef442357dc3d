import { TidemarkError } from '../error';

/** A text cannot be what it should be; says what it should have been. */
export class NotConvertedError extends TidemarkError {}

type Convert = (text: string) => unknown;

const booleans: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  1: true,
  false: false,
  no: false,
  0: false,
};

const converters = new Map<unknown, readonly [name: string, convert: Convert]>([
  [String, ['text', (text) => text]],
  [Number, ['a number', toNumber]],
  [Boolean, ['true or false', (text) => booleans[text.toLowerCase()]]],
  [BigInt, ['a whole number', (text) => (/^\s*-?\d+n?\s*$/.test(text) ? BigInt(text.replace('n', '')) : undefined)]],
  [Date, ['a date such as 2026-01-31', toDate]],
  [URL, ['a URL', (text) => (URL.canParse(text) ? new URL(text) : undefined)]],
  [RegExp, ['a regular expression such as /a+/i', toRegExp]],
  [Buffer, ['bytes in base64', toBytes]],
  [Uint8Array, ['bytes in base64', (text) => (toBytes(text) ? new Uint8Array(toBytes(text)!) : undefined)]],
]);

/** Whether a param of this kind takes several values. */
export function isList(kind: Function | undefined): boolean {
  return kind === Array || kind === Set || Object.getPrototypeOf(kind ?? Object) === Object.getPrototypeOf(Uint8Array);
}

/** What is to be written for a param of this kind, for people. */
export function nameOfKind(kind: Function | undefined): string {
  if (kind === undefined) return 'value';
  if (kind === Map) return 'JSON';
  if (!converters.has(kind) && isList(kind)) return 'list';
  return { Number: 'number', Boolean: 'true|false', Date: 'date', BigInt: 'integer', URL: 'url' }[kind.name] ?? 'text';
}

/**
 * A param's value from text.
 *
 * @param kind the class that was declared; undefined when anything may be meant: then JSON, or else the text itself
 * @throws {NotConvertedError} when it cannot be
 */
export function convert(text: string, kind: Function | undefined): unknown {
  if (kind === undefined) return guess(text);
  if (kind === Map) return new Map(Object.entries(objectFrom(text)));
  const known = converters.get(kind);
  if (!known) return isList(kind) ? convertList([text], kind, undefined) : guess(text);
  const value = known[1](text);
  if (value === undefined) throw new NotConvertedError(known[0]);
  return value;
}

/**
 * A list from JSON, or from texts with commas.
 *
 * @param itemKind what is in it, when that is known
 */
export function convertList(
  texts: readonly string[],
  kind: Function | undefined,
  itemKind: Function | undefined,
): unknown {
  const [first = ''] = texts;
  const items =
    texts.length === 1 && first.trimStart().startsWith('[')
      ? arrayFrom(first)
      : texts.flatMap((text) => (text === '' ? [] : text.split(','))).map((item) => convert(item.trim(), itemKind));
  if (kind === Array || kind === undefined) return items;
  return kind === Set ? new Set(items) : (kind as Function & { from(items: unknown[]): unknown }).from(items);
}

/** What JSON cannot say of a declared class is text, a list or an object there; anything else is taken as it is. */
export function fromJson(value: unknown, kind: Function | undefined): unknown {
  if (kind === BigInt && typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
  if (typeof value === 'string')
    return kind === undefined || kind === Number || kind === Boolean || !converters.has(kind)
      ? value
      : convert(value, kind);
  if (Array.isArray(value) && kind !== Array && isList(kind))
    return convertList([JSON.stringify(value)], kind, undefined);
  if (kind === Map && typeof value === 'object' && value !== null)
    return new Map(Array.isArray(value) ? (value as [unknown, unknown][]) : Object.entries(value));
  return value;
}

/** JSON when it is that, else the text. */
export function guess(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function arrayFrom(text: string): unknown[] {
  const value = guess(text);
  if (Array.isArray(value)) return value;
  throw new NotConvertedError('a list: 1,2,3 or JSON');
}

function objectFrom(text: string): object {
  const value = guess(text);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new NotConvertedError('a JSON object');
}

function toNumber(text: string): number | undefined {
  const value = Number(text);
  if (text.trim() === '' || (Number.isNaN(value) && text.trim() !== 'NaN')) return undefined;
  return value;
}

function toDate(text: string): Date | undefined {
  // Dates take almost any text, and each engine its own.
  if (!/^\d{4}-\d\d/.test(text)) return undefined;
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

function toRegExp(text: string): RegExp | undefined {
  const [, source = text, flags = ''] = /^\/(.*)\/([a-z]*)$/s.exec(text) ?? [];
  try {
    return new RegExp(source, flags);
  } catch {
    return undefined;
  }
}

function toBytes(text: string): Buffer | undefined {
  return /^[\w+/-]*={0,2}$/.test(text) ? Buffer.from(text, 'base64') : undefined;
}
