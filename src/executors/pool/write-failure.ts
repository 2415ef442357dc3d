import { inspect } from 'node:util';
import { registeredTypeOf } from '../../encoding/register-type';
import { classesOf } from './error-classes';
import { isDomException, isError } from './is-error';
import type { SentErrorFields, SentFailure, SentThrown } from './messages';
import type { Outbox } from './outbox';

/** Fields that are there without being enumerable. */
const hidden = ['cause', 'errors', 'code', 'name'];

/** Whatever was thrown, as data. What in it is no data is left out. */
export function writeFailure(thrown: unknown, outbox: Outbox): SentFailure {
  const writer = new FailureWriter(outbox);
  try {
    const root = writer.any(thrown) ?? { value: { plain: inspect(thrown, { depth: 1 }) } };
    return { thrown: root, errors: writer.errors };
  } catch {
    return { thrown: { value: { plain: 'something was thrown that cannot be shown' } }, errors: [] };
  }
}

class FailureWriter {
  readonly errors: SentErrorFields[] = [];
  readonly #outbox: Outbox;
  /** Errors may hold each other, and themselves. */
  readonly #numbers = new Map<object, number>();

  constructor(outbox: Outbox) {
    this.#outbox = outbox;
  }

  /** Undefined when it is not data. */
  any(value: unknown): SentThrown | undefined {
    if (isError(value)) return { error: this.#number(value) };
    if (Array.isArray(value) && value.some(isError))
      return { list: value.map((item) => this.any(item) ?? { value: { plain: undefined } }) };
    try {
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
    this.errors[number] = this.#fieldsOf(error);
    return number;
  }

  #fieldsOf(error: Error): SentErrorFields {
    const prototype: object | null = Object.getPrototypeOf(error);
    const isRegistered = prototype !== null && registeredTypeOf(prototype) !== undefined;
    return {
      classes: isDomException(error) ? [{ from: 'language', name: 'DOMException' }] : classesOf(error),
      typed: isRegistered ? this.#typed(error) : undefined,
      name: text(() => error.name) ?? 'Error',
      message: text(() => error.message) ?? '',
      stack: text(() => error.stack),
      fields: [...this.#fields(error)],
    };
  }

  #typed(error: Error): SentErrorFields['typed'] {
    try {
      return this.#outbox.data(error, 'error');
    } catch {
      return undefined;
    }
  }

  *#fields(error: Error): Generator<SentErrorFields['fields'][number]> {
    for (const name of Object.getOwnPropertyNames(error)) {
      if (name === 'message' || name === 'stack') continue;
      const property = Object.getOwnPropertyDescriptor(error, name)!;
      if (!('value' in property) || !(property.enumerable || hidden.includes(name))) continue;
      const value = this.any(property.value);
      if (value !== undefined) yield [name, property.enumerable === true, value];
    }
  }
}

/** Getters of errors may throw, or give anything. */
function text(read: () => unknown): string | undefined {
  try {
    const value = read();
    return value === undefined ? undefined : String(value);
  } catch {
    return undefined;
  }
}
