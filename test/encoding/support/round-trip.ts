import { UnsupportedValueError } from '../../../src/encoding/errors';
import { difference } from './difference';
import { deserialize, serialize } from './serialize';

/** Encodes, decodes, checks that the value is equal, and returns the format. */
export function expectExact(value: unknown): string {
  const { format, bytes } = serialize(value);
  expect(difference(value, deserialize(bytes, format))).toBeUndefined();
  return format;
}

/** The error for a value that is refused. */
export function refusalOf(value: unknown): UnsupportedValueError {
  try {
    serialize(value);
  } catch (error) {
    if (error instanceof UnsupportedValueError) return error;
    throw error;
  }
  throw new Error('It was not refused.');
}
