import { inspect } from 'node:util';
import type { Difference } from '../run/plan/explain-difference';
import { print } from './output';

/** Prints a result for people: text as it is, anything else as Node shows it. */
export function printResult(value: unknown): void {
  if (typeof value === 'string') return void print(`${value}\n`);
  const shown = (colors: boolean) =>
    `${inspect(value, { depth: 8, maxArrayLength: 1_000, breakLength: 100, colors })}\n`;
  print(shown(false), () => shown(true));
}

/**
 * A result as JSON for programs: dates as ISO texts, bigints as texts, bytes in base64, Maps as objects, Sets and typed
 * arrays as lists; what JSON has no word for is null.
 *
 * @throws {TypeError} when it is in itself
 */
export function resultToJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, replace, indent) ?? 'null';
}

function replace(this: unknown, name: string, value: unknown): unknown {
  // A Buffer and a Date have made something else of themselves.
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

/** What JSON has no word for is an object with one of these keys in a record; undefined for what such a key never holds. */
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

/** A value as a record holds it, on one short line. */
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

/** A key of a param that begins with `$` has another one before it in a record. */
function unescapeName(name: string): string {
  return name.startsWith('$$') ? name.slice(1) : name;
}

function showDate(time: unknown): string | undefined {
  // The time of an invalid date is null in JSON.
  if (time === null) return 'Invalid Date';
  const date = new Date(typeof time === 'number' ? time : Number.NaN);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

function showRef(ref: unknown): string | undefined {
  if (typeof ref !== 'object' || ref === null) return undefined;
  const { name, params } = ref as { readonly name?: unknown; readonly params?: unknown };
  return typeof name === 'string' ? `${name}(${params ? showRecorded(params) : ''})` : undefined;
}

/** A difference as part of a sentence: `param epochs 10 → 20`. */
export function showDifference(difference: Difference): string {
  const { what, name, before, now, because } = difference;
  switch (what) {
    case 'version':
      return `version ${showVersion(before)} → ${showVersion(now)}`;
    case 'param':
      return `param ${name} ${showRecorded(before)} → ${showRecorded(now)}`;
    case 'fingerprint':
      return 'what it reads outside is another';
    case 'source':
      return 'the source of its class is another';
    case 'hidden':
      return 'something that records do not tell (a secret, what it reads outside, long bytes, a literal that it requires)';
    case 'requirement':
      if (before === undefined) return `it requires ${now}, which it did not`;
      if (now === undefined) return `it does not require ${before} any more`;
      return because && because.length > 0
        ? `${name}: ${because.map(showDifference).join(', ')}`
        : `${name} has another key (what differs in it is not saved)`;
    default:
      return what satisfies never;
  }
}

export function showVersion(version: unknown): string {
  return version === undefined ? '(none)' : String(version);
}
