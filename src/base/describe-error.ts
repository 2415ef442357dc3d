import { inspect, types } from 'node:util';

/** Maximum length of a message quoted in another one, in characters. */
const longestMessage = 10_000;
/** Maximum length of a cause's message. */
const longestCause = 1_000;
const deepestCause = 10;
const mostCauses = 20;

/**
 * Describes a thrown value: an error by its message, anything else as Node inspects it. Never throws, not even for
 * values with throwing getters, proxies or no prototype.
 *
 * @example
 * describeError(new Error('boom')); // 'boom'
 * describeError(undefined); // 'undefined'
 */
export function describeError(thrown: unknown): string {
  if (!isObject(thrown)) return shortened(String(thrown), longestMessage) || 'an empty string';
  const name = isError(thrown) ? (errorNameOf(thrown) ?? 'Error') : undefined;
  try {
    const { message } = thrown as { readonly message?: unknown };
    if (typeof message === 'string' && message !== '') return shortened(message, longestMessage);
    if (name === undefined) return showAsNodeDoes(thrown);
    return message === '' || message === undefined ? name : asText(message);
  } catch {
    return name === undefined ? showAsNodeDoes(thrown) : `${name} with an unreadable message`;
  }
}

/** Describes a thrown value with its class name, as `String(error)` does: `RangeError: out of bounds`. */
export function describeNamed(thrown: unknown): string {
  const message = describeError(thrown);
  const name = errorNameOf(thrown);
  return name === undefined || name === message ? message : `${name}: ${message}`;
}

/**
 * Describes the causes of an error, one per line, to be appended to a message. The errors of an `AggregateError` count
 * as causes. Omits causes whose message the text already contains; cuts cycles and long chains.
 *
 * @param thrown the error
 * @param said the message that the causes are appended to
 * @returns lines that start with a line break, or an empty string
 * @example
 * describeCauses(error, 'fetch failed'); // '\n    caused by: connect ECONNREFUSED 127.0.0.1:5432'
 */
export function describeCauses(thrown: unknown, said: string): string {
  const known = new Set<unknown>([thrown]);
  const lines: string[] = [];
  let text = onOneLine(said);
  const visit = (error: unknown, depth: number): void => {
    for (const cause of causesOf(error)) {
      if (known.has(cause)) continue;
      if (depth > deepestCause || lines.length === mostCauses) {
        if (lines.at(-1) !== cutMark) lines.push(cutMark);
        return;
      }
      if (isObject(cause)) known.add(cause);
      const line = causeLine(cause);
      if (!repeats(text, onOneLine(line))) {
        lines.push(`\n    caused by: ${line.replaceAll('\n', '\n      ')}`);
        text += `: ${onOneLine(line)}`;
      }
      visit(cause, depth + 1);
    }
  };
  visit(thrown, 1);
  return lines.join('');
}

/**
 * Describes a thrown value and its causes, on several lines.
 *
 * @example
 * explainError(error); // 'fetch failed\n    caused by: connect ECONNREFUSED 127.0.0.1:5432'
 */
export function explainError(thrown: unknown): string {
  const message = describeError(thrown);
  return message + describeCauses(thrown, message);
}

const cutMark = '\n    caused by: …';

/** The causes of an error: its `cause`, the errors of an `AggregateError`, both sides of a `SuppressedError`. */
export function causesOf(error: unknown): readonly unknown[] {
  if (!isObject(error)) return [];
  const causes: unknown[] = [];
  const cause = readProperty(error, 'cause');
  if (cause !== undefined) causes.push(cause);
  if (!isError(error)) return causes;
  const errors = readProperty(error, 'errors');
  if (isArray(errors)) causes.push(...itemsOf(errors).filter(isError));
  if (errorNameOf(error) === 'SuppressedError')
    causes.push(readProperty(error, 'error'), readProperty(error, 'suppressed'));
  return causes;
}

/** True for errors of any realm. Never throws. */
export function isError(value: unknown): value is Error {
  return types.isNativeError(value) || isInstance(value, Error) || isDomException(value);
}

/** True for a DOMException, as thrown by `signal.throwIfAborted()`, fetch and structuredClone. Never throws. */
export function isDomException(value: unknown): value is DOMException {
  try {
    return isObject(value) && Object.prototype.toString.call(value) === '[object DOMException]';
  } catch {
    return false;
  }
}

/** `instanceof` that does not throw for revoked proxies or proxies with traps. */
export function isInstance<T>(value: unknown, cls: abstract new (...args: any[]) => T): value is T {
  try {
    return value instanceof cls;
  } catch {
    return false;
  }
}

/** The thrown value if it is an error with a readable message, else an error that describes it and has it as its cause. */
export function toError(thrown: unknown): Error {
  const isReadable =
    isError(thrown) && stringProperty(thrown, 'message') !== undefined && errorNameOf(thrown) !== undefined;
  return isReadable ? thrown : new Error(describeError(thrown), { cause: thrown });
}

/** Reads a property; undefined if that throws. */
export function readProperty(value: unknown, property: PropertyKey): unknown {
  try {
    return (value as Record<PropertyKey, unknown> | null | undefined)?.[property];
  } catch {
    return undefined;
  }
}

/** Reads a property that is a string; undefined for anything else. */
export function stringProperty(value: unknown, property: PropertyKey): string | undefined {
  const text = readProperty(value, property);
  return typeof text === 'string' ? text : undefined;
}

/** The name of an error; undefined for other values, and for errors whose name is not a string. */
export function errorNameOf(thrown: unknown): string | undefined {
  return isError(thrown) ? stringProperty(thrown, 'name') || undefined : undefined;
}

/** The code of an error, such as `ECONNREFUSED`. */
export function errorCodeOf(thrown: unknown): string | number | undefined {
  const code = readProperty(thrown, 'code');
  return typeof code === 'string' || typeof code === 'number' ? code : undefined;
}

/** The code of a system error, such as `ENOENT`. */
export function systemCodeOf(thrown: unknown): string | undefined {
  const code = readProperty(thrown, 'code');
  return typeof code === 'string' ? code : undefined;
}

/** A copy of an array, which may be a proxy. */
export function itemsOf(array: readonly unknown[]): readonly unknown[] {
  try {
    return [...array];
  } catch {
    return [];
  }
}

/** `Array.isArray` that does not throw for revoked proxies. */
export function isArray(value: unknown): value is readonly unknown[] {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}

export function shortened(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length)}… (${text.length - length} more characters)`;
}

/** `TypeError: x is not a function`, `connect ECONNREFUSED 127.0.0.1:1`, `AggregateError (ECONNREFUSED)`. */
function causeLine(cause: unknown): string {
  const name = errorNameOf(cause);
  const message = isObject(cause) ? stringProperty(cause, 'message') : undefined;
  const code = errorCodeOf(cause);
  const text = shortened(describeError(cause), longestCause);
  const named = message && name !== undefined && name !== 'Error' ? `${name}: ${text}` : text;
  return code === undefined || named.includes(String(code)) ? named : `${named} (${code})`;
}

function onOneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ');
}

/** True if a text already contains the message of a cause, as in `new Error('cannot load: ' + error.message)`. */
function repeats(text: string, line: string): boolean {
  const message = line.replace(/^\w*Error: /, '');
  if (message.length >= 20) return text.includes(message);
  return text === message || text.includes(`: ${message}`) || text.includes(`(${message}`);
}

/** The text of a message that is not a string. */
function asText(message: unknown): string {
  const text = String(message);
  return shortened(text.startsWith('[object ') ? showAsNodeDoes(message) : text, longestMessage);
}

/** A value without a message, as Node inspects it. */
function showAsNodeDoes(value: unknown): string {
  try {
    return shortened(inspect(value, { depth: 1, maxArrayLength: 20, maxStringLength: 1_000 }), longestMessage);
  } catch {
    return `a value that cannot be shown (${typeof value})`;
  }
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

/** The reason of a failure, and the remedy: the beginning of a sentence such as "Free some space". */
export type Advice = readonly [reason: string, cure: string];
