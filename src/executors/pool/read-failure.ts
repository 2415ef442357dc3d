import { isError, textOf } from '../../base/describe-error';
import type { Bytes } from '../../encoding/encoder';
import { findClass } from './error-classes';
import type { SentErrorFields, SentFailure, SentThrown } from './messages';
import { readData } from './outbox';

/** What was thrown on the other side. @param modules where classes of errors may be found */
export async function readFailure(
  { thrown, errors }: SentFailure,
  bytes: readonly Bytes[],
  modules: readonly string[],
): Promise<unknown> {
  const made = await Promise.all(errors.map((fields) => makeError(fields, bytes, modules)));
  const read = (sent: SentThrown): unknown => {
    if ('error' in sent) return made[sent.error];
    return 'list' in sent ? sent.list.map(read) : readOrNothing(sent, bytes);
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
  const registered = typed && readOrNothing({ value: typed }, bytes);
  const error = isError(registered) ? registered : plainError(fields, await findClass(classes, modules));
  if (stack !== undefined) define(error, 'stack', stack, false);
  if (textOf(error, 'message') !== message) define(error, 'message', message, false);
  if (textOf(error, 'name') !== name) define(error, 'name', name, false);
  return error;
}

function plainError({ name, message, classes }: SentErrorFields, cls: Function | undefined): Error {
  if (classes[0]?.name === 'DOMException') return new DOMException(message, name);
  const error = new Error(message);
  return cls === undefined ? error : Object.setPrototypeOf(error, cls.prototype as object);
}

/** A field of a type that is not registered here is left out. */
function readOrNothing({ value }: Extract<SentThrown, { value: unknown }>, bytes: readonly Bytes[]): unknown {
  try {
    return readData(value, bytes);
  } catch {
    return undefined;
  }
}

/** An error that a type's own `decode` made may be frozen: then it stays as it is. */
function define(error: Error, name: string, value: unknown, enumerable: boolean): void {
  Reflect.defineProperty(error, name, { value, enumerable, writable: true, configurable: true });
}
