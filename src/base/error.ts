import {
  describeError,
  errorCodeOf,
  errorNameOf,
  isArray,
  isError,
  itemsOf,
  readProperty,
  shortened,
  stringProperty,
} from './describe-error';
import { shareClass } from './shared-state';
import { escapeControls } from './show';

/** An error as data for `JSON.stringify`. */
interface ErrorJson {
  readonly name: string;
  readonly message: string;
  readonly code?: string | number;
  readonly stack?: string;
  /** The cause: an error in this form, or the thrown value. */
  readonly cause?: unknown;
  /** The errors of an `AggregateError` or of a failed run. */
  readonly errors?: readonly unknown[];
  readonly [field: string]: unknown;
}

/**
 * The name of the method that returns the fields of an error for its JSON. Only errors of this package have it: fields
 * of other errors may contain secrets, such as request headers.
 */
export const jsonFields = Symbol.for('tidemark.error.fields');

/** Further errors are written without stacks. */
const mostStacks = 100;
const deepestError = 20;
const longestStack = 10_000;
const deepestData = 4;
const longestData = 100;

/**
 * Converts a thrown value to plain data: name, message, code, stack and the chain of causes. Never throws; cuts cycles.
 *
 * @example
 * JSON.stringify(errorToJson(error)); // {"name":"TypeError","message":"fetch failed","cause":{…,"code":"ECONNREFUSED"}}
 */
export function errorToJson(thrown: unknown): ErrorJson {
  return new ErrorWriter().writeError(thrown);
}

/** The stacks of an error and its causes, as text; undefined if there are none. Never throws. */
export function describeStack(thrown: unknown): string | undefined {
  const stacks = stacksIn(errorToJson(thrown));
  return stacks.length === 0 ? undefined : stacks.join('\ncaused by: ');
}

function stacksIn(written: unknown): readonly string[] {
  if (typeof written !== 'object' || written === null) return [];
  const { stack, cause, errors = [] } = written as ErrorJson;
  return [...(stack === undefined ? [] : [stack]), ...[cause, ...errors].flatMap(stacksIn)];
}

/** A copy of a list of errors for `JSON.stringify`: with names, messages and causes, which it omits by default. */
export function jsonErrors(errors: readonly Error[]): readonly Error[] {
  const list = [...errors];
  return list.length === 0 ? list : withJson(list, () => list.map(errorToJson));
}

/** Adds a non-enumerable `toJSON` method to an object. */
export function withJson<T extends object>(object: T, toJSON: () => unknown): T {
  return Object.defineProperty(object, 'toJSON', { value: toJSON });
}

class ErrorWriter {
  /** Errors that are being written: a nested occurrence is cut. */
  readonly #within = new Set<unknown>();
  #stacks = 0;

  writeError(thrown: unknown): ErrorJson {
    const code = errorCodeOf(thrown);
    const head = {
      name: errorNameOf(thrown) ?? 'Error',
      message: stringProperty(thrown, 'message') === '' ? '' : describeError(thrown),
      ...(code !== undefined && { code }),
    };
    if (this.#within.has(thrown) || this.#within.size === deepestError) return head;
    this.#within.add(thrown);
    const written = {
      ...head,
      ...this.#writeFields(thrown),
      ...this.#writeStack(thrown),
      ...this.#writeCauses(thrown),
    };
    this.#within.delete(thrown);
    return written;
  }

  /** A cause: an error, or a primitive as it is. */
  #writeCause(value: unknown): unknown {
    return isError(value) || stringProperty(value, 'message') !== undefined
      ? this.writeError(value)
      : toPrimitive(value);
  }

  #writeFields(thrown: unknown): object {
    const fields = readProperty(thrown, jsonFields);
    if (typeof fields !== 'function') return {};
    const given = Object.entries(fields.call(thrown) as object);
    return Object.fromEntries(given.map(([name, value]) => [name, this.#writeData(value, 0)]));
  }

  #writeStack(thrown: unknown): { readonly stack?: string } {
    const stack = isError(thrown) ? stringProperty(thrown, 'stack') : undefined;
    if (stack === undefined || ++this.#stacks > mostStacks) return {};
    return { stack: shortened(stack, longestStack) };
  }

  #writeCauses(thrown: unknown): { readonly cause?: unknown; readonly errors?: readonly unknown[] } {
    const cause = readProperty(thrown, 'cause');
    const errors = isError(thrown) ? readProperty(thrown, 'errors') : undefined;
    return {
      ...(cause !== undefined && { cause: this.#writeCause(cause) }),
      ...(isArray(errors) && { errors: itemsOf(errors).map((error) => this.#writeCause(error)) }),
    };
  }

  #writeData(value: unknown, depth: number): unknown {
    if (isError(value)) return this.writeError(value);
    if (typeof value !== 'object' || value === null || depth === deepestData) return toPrimitive(value);
    if (isArray(value))
      return itemsOf(value)
        .slice(0, longestData)
        .map((item) => this.#writeData(item, depth + 1));
    if (!isPlainRecord(value)) return toPrimitive(value);
    const names = Object.keys(value).slice(0, longestData);
    return Object.fromEntries(names.map((name) => [name, this.#writeData(readProperty(value, name), depth + 1)]));
  }
}

/** A JSON value for a value that is neither an error nor plain data. */
function toPrimitive(value: unknown): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'undefined':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    default:
      return value === null ? null : describeError(value);
  }
}

function isPlainRecord(value: object): boolean {
  try {
    const prototype: unknown = Object.getPrototypeOf(value);
    return prototype === Object.prototype || prototype === null;
  } catch {
    return false;
  }
}

const standardFields = new Set(['name', 'message', 'stack', 'cause', 'errors']);

/**
 * The base class of all errors that Tidemark throws, so that `catch` can tell them from errors of tasks.
 *
 * Control characters in the message are escaped (`\u001b`): parts of it may come from a store, and Node writes messages
 * to terminals unchanged.
 */
export class TidemarkError extends Error {
  static {
    shareClass(TidemarkError, 'TidemarkError');
  }

  constructor(message?: string, options?: ErrorOptions) {
    super(message === undefined ? undefined : escapeControls(message), options);
  }

  override get name(): string {
    return this.constructor.name;
  }

  /**
   * The error for `JSON.stringify`: name, message, stack, the chain of causes, and the error's own fields. Secret params
   * are omitted.
   *
   * @example
   * logger.error(JSON.stringify(error)); // {"name":"RunFailedError","message":"…","cause":{"code":"ECONNREFUSED",…},…}
   */
  toJSON(): ErrorJson {
    return errorToJson(this);
  }

  /** The fields of this class, as `toJSON` writes them. */
  [jsonFields](): Readonly<Record<string, unknown>> {
    return Object.fromEntries(Object.entries(this).filter(([name]) => !standardFields.has(name)));
  }
}
