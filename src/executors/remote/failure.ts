import {
  describeError,
  errorNameOf,
  isArray,
  isDomException,
  isError,
  readProperty,
  stringProperty,
} from '../../base/describe-error';
import type { Bytes } from '../../encoding/encoder';
import { registeredTypeOf } from '../../encoding/register-type';
import { type Attachments, decodeData } from './attachments';
import { classesOf, findClass } from './error-classes';
import type { SentErrorFields, SentFailure, SentThrown } from './messages';

/** Fields that are there without being enumerable. */
const hiddenFields = ['cause', 'errors', 'code', 'name'];
/** Of those, the ones that are read where a class has getters for them. */
const getterFields = ['cause', 'errors', 'code'];
/** A chain of causes that is longer is cut. */
const maxDepth = 100;

/** Encodes a thrown value. Parts that are not data are left out. */
export function writeFailure(thrown: unknown, outbox: Attachments): SentFailure {
  const writer = new FailureWriter(outbox);
  try {
    const root = writer.write(thrown) ?? { value: { plain: describeError(thrown) } };
    return { thrown: root, errors: writer.errors };
  } catch {
    return { thrown: { value: { plain: describeError(thrown) } }, errors: [] };
  }
}

class FailureWriter {
  readonly errors: SentErrorFields[] = [];
  readonly #outbox: Attachments;
  /** Errors may hold each other, and themselves. */
  readonly #numbers = new Map<object, number>();
  #depth = 0;

  constructor(outbox: Attachments) {
    this.#outbox = outbox;
  }

  /** Undefined when it is not data. */
  write(value: unknown): SentThrown | undefined {
    if (isError(value)) return this.#depth < maxDepth ? { error: this.#number(value) } : undefined;
    try {
      if (isArray(value) && value.some(isError))
        return { list: value.map((item) => this.write(item) ?? { value: { plain: undefined } }) };
      return { value: this.#outbox.encode(value, 'thrown') };
    } catch {
      return undefined;
    }
  }

  #number(error: Error): number {
    const known = this.#numbers.get(error);
    if (known !== undefined) return known;
    const number = this.#numbers.size;
    this.#numbers.set(error, number);
    this.#depth++;
    this.errors[number] = this.#fieldsOf(error);
    this.#depth--;
    return number;
  }

  #fieldsOf(error: Error): SentErrorFields {
    return {
      classes: isDomException(error) ? [{ from: 'language', name: 'DOMException' }] : classesOf(error),
      typed: this.#typed(error),
      name: errorNameOf(error) ?? 'Error',
      message: stringProperty(error, 'message') ?? describeError(error),
      stack: stringProperty(error, 'stack'),
      fields: this.#fields(error),
    };
  }

  /** The error by its registered type; undefined when it has none. */
  #typed(error: Error): SentErrorFields['typed'] {
    try {
      const prototype: object | null = Object.getPrototypeOf(error);
      const isRegistered = prototype !== null && registeredTypeOf(prototype) !== undefined;
      return isRegistered ? this.#outbox.encode(error, 'error') : undefined;
    } catch {
      return undefined;
    }
  }

  #fields(error: Error): SentErrorFields['fields'] {
    const fields: SentErrorFields['fields'][number][] = [];
    for (const [name, isEnumerable, given] of fieldsOf(error)) {
      const value = this.write(given);
      if (value !== undefined) fields.push([name, isEnumerable, value]);
    }
    return fields;
  }
}

/** The fields of an error that are sent: its own properties, and causes and codes that its class has getters for. */
function fieldsOf(error: Error): readonly (readonly [name: string, isEnumerable: boolean, value: unknown])[] {
  const fields = new Map<string, readonly [string, boolean, unknown]>();
  for (const name of getterFields) {
    const value = readProperty(error, name);
    if (value !== undefined) fields.set(name, [name, false, value]);
  }
  try {
    for (const name of Object.getOwnPropertyNames(error)) {
      if (name === 'message' || name === 'stack') continue;
      const property = Object.getOwnPropertyDescriptor(error, name)!;
      if (!('value' in property) || !(property.enumerable || hiddenFields.includes(name))) continue;
      fields.set(name, [name, property.enumerable === true, property.value]);
    }
  } catch {
    // A proxy tells no more than that.
  }
  return [...fields.values()];
}

/** Decodes a thrown value. @param modules files that may export its error classes */
export async function readFailure(
  { thrown, errors }: SentFailure,
  bytes: readonly Bytes[],
  modules: readonly string[],
): Promise<unknown> {
  const made = await Promise.all(errors.map((fields) => makeError(fields, bytes, modules)));
  const read = (sent: SentThrown): unknown => {
    if ('error' in sent) return made[sent.error];
    return 'list' in sent ? sent.list.map(read) : readIfKnown(sent, bytes);
  };
  // Fields come last, since errors may hold each other.
  errors.forEach(({ typed, fields }, i) => {
    if (typed !== undefined) return;
    for (const [name, enumerable, value] of fields) define(made[i]!, name, read(value), enumerable);
  });
  return read(thrown);
}

/** Without its fields. It is made without its constructor, which may want anything. */
async function makeError(fields: SentErrorFields, bytes: readonly Bytes[], modules: readonly string[]): Promise<Error> {
  const { classes, typed, name, message, stack } = fields;
  const registered = typed && readIfKnown({ value: typed }, bytes);
  const error = isError(registered) ? registered : plainError(fields, await findClass(classes, modules));
  if (stack !== undefined) define(error, 'stack', stack, false);
  if (stringProperty(error, 'message') !== message) define(error, 'message', message, false);
  if (stringProperty(error, 'name') !== name) define(error, 'name', name, false);
  return error;
}

function plainError({ name, message, classes }: SentErrorFields, cls: Function | undefined): Error {
  if (classes[0]?.name === 'DOMException') return new DOMException(message, name);
  const error = new Error(message);
  return cls === undefined ? error : Object.setPrototypeOf(error, cls.prototype as object);
}

/** A field of a type that is not registered here is left out. */
function readIfKnown({ value }: Extract<SentThrown, { value: unknown }>, bytes: readonly Bytes[]): unknown {
  try {
    return decodeData(value, bytes);
  } catch {
    return undefined;
  }
}

/** An error that a type's own `decode` made may be frozen: then it stays as it is. */
function define(error: Error, name: string, value: unknown, enumerable: boolean): void {
  Reflect.defineProperty(error, name, { value, enumerable, writable: true, configurable: true });
}
