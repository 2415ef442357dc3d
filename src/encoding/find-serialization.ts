import { CannotDecodeError } from './cannot-decode-error';
import type { Encoder, Serialization } from './encoder';
import { bytes, cbor, json, v8 } from './serializers';
import { shuffle } from './shuffle';

const BUILT_IN: readonly Serialization[] = [cbor, json, v8, bytes];
const SHUFFLED = 'shuffle+';

/**
 * What decodes what was serialized, among what is given and what is built in.
 *
 * @param id - What the serialization was called.
 * @param format - Which of its formats it chose.
 * @throws {CannotDecodeError} when nothing here does
 */
export function serializationFor(id: string, format: string, encoders: readonly Encoder[]): Serialization {
  for (const { serialization } of encoders) {
    if (serialization.id === id && serialization.canRead(format)) return serialization;
  }
  const isShuffled = id.startsWith(SHUFFLED);
  const base = isShuffled ? id.slice(SHUFFLED.length) : id;
  const found = BUILT_IN.find((one) => one.id === base);
  if (found === undefined)
    throw new CannotDecodeError(
      `it was serialized with ${id}; give the task or the storage the encoder that it was saved with`,
    );
  if (!found.canRead(format))
    throw new CannotDecodeError(
      `it was serialized with ${id} in the format ${format}, which this version of Tidemark does not know; update Tidemark to read it`,
    );
  if (!isShuffled) return found;
  const { makeSerialization } = require('./make-serialization') as typeof import('./make-serialization');
  return makeSerialization([shuffle()], found);
}
