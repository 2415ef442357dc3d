import { inspect } from 'node:util';
import type { Difference } from '../run/plan/explain-difference';
import { print } from './output';

/** Prints a result for people: text unchanged, other values as Node's `inspect` shows them. */
export function printResult(value: unknown): void {
  if (typeof value === 'string') return void print(`${value}\n`);
  const shown = (colors: boolean) =>
    `${inspect(value, { depth: 8, maxArrayLength: 1_000, breakLength: 100, colors })}\n`;
  print(shown(false), () => shown(true));
}

/**
 * Converts a result to JSON: dates to ISO texts, bigints to texts, bytes to base64, Maps to objects, Sets and typed arrays
 * to lists; other values that JSON lacks become null.
 *
 * @throws {TypeError} for a value that contains itself
 */
export function resultToJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, replace, indent) ?? 'null';
}

function replace(this: unknown, name: string, value: unknown): unknown {
  // `toJSON` has already converted Buffers and Dates in `value`.
  const own = (this as Record<string, unknown>)[name];
  if (own instanceof Uint8Array) return Buffer.from(own.buffer, own.byteOffset, own.byteLength).toString('base64');
  if (ArrayBuffer.isView(own) && !(own instanceof DataView)) return Array.from(own as unknown as Iterable<unknown>);
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Set) return [...value];
  if (value instanceof Map) {
    const keys = [...value.keys()];
    return keys.every((key) => typeof key === 'string') ? Object.fromEntries(value) : [...value];
  }
  if (value instanceof RegExp) return String(value);
  if (value instanceof Error) return { name: value.name, message: value.message };
  return value;
}

type Unwrap = (value: unknown) => string | undefined;
const ifString: Unwrap = (value) => (typeof value === 'string' ? value : undefined);

/** Values that JSON lacks are objects with one of these keys in a record. Undefined for a value that such a key never has. */
const unwrapTagged: ReadonlyMap<string, Unwrap> = new Map<string, Unwrap>([
  ['$bigint', (value) => (typeof value === 'string' ? `${value}n` : undefined)],
  ['$number', ifString],
  ['$date', showDate],
  ['$url', ifString],
  ['$regexp', ifString],
  ['$undefined', () => 'undefined'],
  ['$secret', () => '(secret)'],
  ['$encrypted', () => '(encrypted)'],
  ['$task', showRef],
]);

const maxLength = 80;
const maxDepth = 40;

/** Shows a value of a record on one short line. */
export function showRecorded(value: unknown): string {
  const text = recordedText(value);
  return text.length > maxLength ? `${text.slice(0, maxLength - 1)}…` : text;
}

function recordedText(value: unknown, depth = 0): string {
  if (value === undefined) return '(nothing)';
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (depth > maxDepth) return '…';
  if (Array.isArray(value)) return `[${value.map((item) => recordedText(item, depth + 1)).join(', ')}]`;
  const entries = Object.entries(value);
  const [[key, inside] = ['', undefined]] = entries;
  const unwrapped = entries.length === 1 ? unwrapTagged.get(key)?.(inside) : undefined;
  if (unwrapped !== undefined) return unwrapped;
  return entries.length === 0
    ? '{}'
    : `{ ${entries.map(([name, item]) => `${unescapeName(name)}: ${recordedText(item, depth + 1)}`).join(', ')} }`;
}

/** In a record, names that begin with `$` get another `$`. */
function unescapeName(name: string): string {
  return name.startsWith('$$') ? name.slice(1) : name;
}

function showDate(time: unknown): string | undefined {
  // JSON has null for the time of an invalid date.
  if (time === null) return 'Invalid Date';
  const date = new Date(typeof time === 'number' ? time : Number.NaN);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

function showRef(ref: unknown): string | undefined {
  if (typeof ref !== 'object' || ref === null) return undefined;
  const { name, params } = ref as { readonly name?: unknown; readonly params?: unknown };
  return typeof name === 'string' ? `${name}(${params ? showRecorded(params) : ''})` : undefined;
}

/** Describes a difference: `param epochs 10 → 20`. */
export function showDifference(difference: Difference): string {
  const { what, name, before, now, because } = difference;
  switch (what) {
    case 'version':
      return `version ${showVersion(before)} → ${showVersion(now)}`;
    case 'param':
      return `param ${name} ${showRecorded(before)} → ${showRecorded(now)}`;
    case 'fingerprint':
      return 'its fingerprint changed';
    case 'source':
      return 'the source of its class changed';
    case 'hidden':
      return 'something that records do not contain (a secret, a fingerprint, long bytes, a literal requirement)';
    case 'requirement':
      if (before === undefined) return `newly requires ${now}`;
      if (now === undefined) return `no longer requires ${before}`;
      return because && because.length > 0
        ? `${name}: ${because.map(showDifference).join(', ')}`
        : `${name} has another key (for a reason that is not saved)`;
    default:
      return what satisfies never;
  }
}

export function showVersion(version: unknown): string {
  return version === undefined ? '(none)' : String(version);
}
