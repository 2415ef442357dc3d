import { describeError, isArray, isDomException, isError, nameOf, read, textOf } from '../../base/describe-error';
import { registeredTypeOf } from '../../encoding/register-type';
import { classesOf } from './error-classes';
import type { SentErrorFields, SentFailure, SentThrown } from './messages';
import type { Outbox } from './outbox';

/** Fields that are there without being enumerable. */
const hidden = ['cause', 'errors', 'code', 'name'];
/** Of those, the ones that are read where a class has getters for them. */
const inherited = ['cause', 'errors', 'code'];
/** A chain of causes that is longer is cut. */
const deepest = 100;

/** Whatever was thrown, as data. What in it is no data is left out. */
export function writeFailure(thrown: unknown, outbox: Outbox): SentFailure {
  const writer = new FailureWriter(outbox);
  try {
    const root = writer.any(thrown) ?? { value: { plain: describeError(thrown) } };
    return { thrown: root, errors: writer.errors };
  } catch {
    return { thrown: { value: { plain: describeError(thrown) } }, errors: [] };
  }
}

class FailureWriter {
  readonly errors: SentErrorFields[] = [];
  readonly #outbox: Outbox;
  /** Errors may hold each other, and themselves. */
  readonly #numbers = new Map<object, number>();
  #depth = 0;

  constructor(outbox: Outbox) {
    this.#outbox = outbox;
  }

  /** Undefined when it is not data. */
  any(value: unknown): SentThrown | undefined {
    if (isError(value)) return this.#depth < deepest ? { error: this.#number(value) } : undefined;
    try {
      if (isArray(value) && value.some(isError))
        return { list: value.map((item) => this.any(item) ?? { value: { plain: undefined } }) };
      return { value: this.#outbox.data(value, 'thrown') };
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
      name: nameOf(error) ?? 'Error',
      message: textOf(error, 'message') ?? describeError(error),
      stack: textOf(error, 'stack'),
      fields: this.#fields(error),
    };
  }

  /** The error by its registered type; undefined when it has none. */
  #typed(error: Error): SentErrorFields['typed'] {
    try {
      const prototype: object | null = Object.getPrototypeOf(error);
      const isRegistered = prototype !== null && registeredTypeOf(prototype) !== undefined;
      return isRegistered ? this.#outbox.data(error, 'error') : undefined;
    } catch {
      return undefined;
    }
  }

  #fields(error: Error): SentErrorFields['fields'] {
    const fields: SentErrorFields['fields'][number][] = [];
    for (const [name, isEnumerable, given] of fieldsOf(error)) {
      const value = this.any(given);
      if (value !== undefined) fields.push([name, isEnumerable, value]);
    }
    return fields;
  }
}

/** The fields of an error that are sent: its own properties, and causes and codes that its class has getters for. */
function fieldsOf(error: Error): readonly (readonly [name: string, isEnumerable: boolean, value: unknown])[] {
  const fields = new Map<string, readonly [string, boolean, unknown]>();
  for (const name of inherited) {
    const value = read(error, name);
    if (value !== undefined) fields.set(name, [name, false, value]);
  }
  try {
    for (const name of Object.getOwnPropertyNames(error)) {
      if (name === 'message' || name === 'stack') continue;
      const property = Object.getOwnPropertyDescriptor(error, name)!;
      if (!('value' in property) || !(property.enumerable || hidden.includes(name))) continue;
      fields.set(name, [name, property.enumerable === true, property.value]);
    }
  } catch {
    // A proxy tells no more than that.
  }
  return [...fields.values()];
}
