import { TidemarkError } from '../base/error';

/** A text cannot be converted. The message names the expected type. */
export class ConversionError extends TidemarkError {
  /** @param part the part of the text that is wrong; undefined for all of it */
  constructor(
    wanted: string,
    readonly part?: string,
  ) {
    super(wanted);
  }
}

type Converter = (text: string) => unknown;

const booleans: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['yes', true],
  ['1', true],
  ['false', false],
  ['no', false],
  ['0', false],
]);

const converters = new Map<unknown, readonly [name: string, convert: Converter]>([
  [String, ['text', (text) => text]],
  [Number, ['a number', toNumber]],
  [Boolean, ['true or false', (text) => booleans.get(text.toLowerCase())]],
  [BigInt, ['a whole number', (text) => (/^\s*-?\d+n?\s*$/.test(text) ? BigInt(text.replace('n', '')) : undefined)]],
  [Date, ['a date such as 2026-01-31', toDate]],
  [URL, ['a URL', (text) => (URL.canParse(text) ? new URL(text) : undefined)]],
  [RegExp, ['a regular expression such as /a+/i', toRegExp]],
  [Buffer, ['bytes in base64', toBytes]],
  [Uint8Array, ['bytes in base64', (text) => (toBytes(text) ? new Uint8Array(toBytes(text)!) : undefined)]],
]);

/** True for a param that takes several values. */
export function isList(kind: Function | undefined): boolean {
  return kind === Array || kind === Set || Object.getPrototypeOf(kind ?? Object) === Object.getPrototypeOf(Uint8Array);
}

/** Name of a type in help texts. */
export function kindName(kind: Function | undefined): string {
  if (kind === undefined) return 'value';
  if (kind === Map) return 'JSON';
  if (!converters.has(kind) && isList(kind)) return 'list';
  return { Number: 'number', Boolean: 'true|false', Date: 'date', BigInt: 'integer', URL: 'url' }[kind.name] ?? 'text';
}

/**
 * Converts the text of a param.
 *
 * @param kind the declared class; undefined for any: then JSON, or else the text itself
 * @throws {ConversionError} for text of another type
 */
export function convert(text: string, kind: Function | undefined): unknown {
  if (kind === undefined) return parseJsonOrText(text);
  if (kind === Map) return new Map(Object.entries(parseObject(text)));
  const known = converters.get(kind);
  if (!known) return isList(kind) ? convertList([text], kind, undefined) : parseJsonOrText(text);
  const value = known[1](text);
  if (value === undefined) throw new ConversionError(known[0]);
  return value;
}

/**
 * Makes a list from JSON or from comma-separated texts.
 *
 * @param itemKind the class of its items, if known
 */
export function convertList(
  texts: readonly string[],
  kind: Function | undefined,
  itemKind: Function | undefined,
): unknown {
  const [first = ''] = texts;
  const items =
    texts.length === 1 && first.trimStart().startsWith('[')
      ? parseArray(first)
      : texts.flatMap((text) => (text === '' ? [] : text.split(','))).map((item) => convert(item.trim(), itemKind));
  if (kind === Array || kind === undefined) return items;
  return kind === Set ? new Set(items) : toTypedArray(kind as TypedArrayClass, items);
}

type TypedArrayClass = Function & { from(items: readonly unknown[]): ArrayLike<unknown> };

/** Rejects items that do not fit: typed arrays wrap large numbers, and make NaN or 0 of texts. */
function toTypedArray(kind: TypedArrayClass, items: readonly unknown[]): ArrayLike<unknown> {
  const rounds = kind === Float32Array || kind === Float64Array;
  const problem = new ConversionError(`a list of items that fit into a ${kind.name}`);
  let made: ArrayLike<unknown>;
  try {
    made = kind.from(items);
  } catch {
    throw problem;
  }
  const fits = (item: unknown, i: number) => (rounds ? typeof item === 'number' : item === made[i]);
  if (!items.every(fits)) throw problem;
  return made;
}

/** Converts a JSON value to the declared class; classes that JSON lacks are texts, lists or objects there. */
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

/** Parses JSON, or returns the text. @throws {ConversionError} for a number that JavaScript cannot represent */
export function parseJsonOrText(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return text;
  }
  checkNumbers(text);
  return value;
}

const strings = /"(?:[^"\\]|\\.)*"/g;

/** Checks the numbers in JSON, which `JSON.parse` rounds silently. @throws {ConversionError} with the number as its `part` */
export function checkNumbers(json: string): void {
  for (const [number] of json.replace(strings, '').matchAll(/-?\d[\d.eE+-]*/g)) toNumber(number);
}

function parseArray(text: string): unknown[] {
  const value = parseJsonOrText(text);
  if (Array.isArray(value)) return value;
  throw new ConversionError('a list: 1,2,3 or JSON');
}

function parseObject(text: string): object {
  const value = parseJsonOrText(text);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new ConversionError('a JSON object');
}

function toNumber(text: string): number | undefined {
  const digits = text.trim();
  const value = Number(digits);
  if (digits === '' || (Number.isNaN(value) && digits !== 'NaN')) return undefined;
  const isInteger = /^(?:[+-]?\d+|0[xob][\da-f]+)$/i.test(digits);
  if (!Number.isFinite(value) && !Number.isNaN(value) && !/^[+-]?Infinity$/.test(digits))
    throw new ConversionError('a number of at most 1.8e+308', text);
  if (value === 0 && /[1-9]/.test(digits.replace(/e.*/i, '')))
    throw new ConversionError('a number that is 0 or at least 5e-324', text);
  if (isInteger && BigInt(digits.replace(/^[+-]/, '')) !== BigInt(Math.abs(value)))
    throw new ConversionError(
      `a number that JavaScript can hold exactly, up to ${Number.MAX_SAFE_INTEGER} (a bigint holds more)`,
      text,
    );
  return value;
}

const dateTime =
  /^(?<day>\d{4}-\d\d-\d\d)(?:[T ](?<time>(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,3})?)?)(?<zone>Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)?)?$/;

/** Parses a day (in UTC) or a time with its zone. `new Date` accepts almost any text, and 30 February as 2 March. */
function toDate(text: string): Date | undefined {
  const { day, time, zone } = dateTime.exec(text)?.groups ?? {};
  if (day === undefined) return undefined;
  const midnight = new Date(day);
  if (Number.isNaN(midnight.getTime()) || !midnight.toISOString().startsWith(day)) return undefined;
  if (time === undefined) return midnight;
  if (zone === undefined)
    throw new ConversionError(`a date with its time zone, such as ${day}T${time}Z or ${day}T${time}+01:00`);
  return new Date(`${day}T${time}${zone}`);
}

function toRegExp(text: string): RegExp | undefined {
  const [, source = text, flags = ''] = /^\/(.*)\/([a-z]*)$/s.exec(text) ?? [];
  try {
    return new RegExp(source, flags);
  } catch {
    return undefined;
  }
}

/** Parses base64 or base64url. Node decodes any text, so the result must encode to the same text. */
function toBytes(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  const padded = bytes.toString('base64');
  const same = text.replaceAll('-', '+').replaceAll('_', '/');
  return same === padded || same === padded.replace(/=+$/, '') ? bytes : undefined;
}
