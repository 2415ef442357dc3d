import { UnsupportedValueError } from '../../../src/encoding/errors';
import { difference } from './difference';
import { deserialize, serialize } from './serialize';

/** Encodes, decodes, checks that nothing changed, and says which format it was. */
export function expectExact(value: unknown): string {
  const { format, bytes } = serialize(value);
  expect(difference(value, deserialize(bytes, format))).toBeUndefined();
  return format;
}

/** The refusal of a value. */
export function refusalOf(value: unknown): UnsupportedValueError {
  try {
    serialize(value);
  } catch (error) {
    if (error instanceof UnsupportedValueError) return error;
    throw error;
  }
  throw new Error('It was not refused.');
}
