import { inspect } from 'node:util';
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
