import type { Encoder, Serialization } from '../encoder';
import { CannotDecodeError } from '../errors';
import { shuffle } from '../shuffle';
import { bytes, cbor, json, v8 } from './serializers';

const builtIn: readonly Serialization[] = [cbor, json, v8, bytes];
const shufflePrefix = 'shuffle+';

/**
 * Finds the serialization that decodes serialized bytes, among those of the encoders and the built-in ones.
 *
 * @param id id of the serialization that made the bytes
 * @param format the format that it chose
 * @throws {CannotDecodeError} when there is none
 */
export function findSerialization(id: string, format: string, encoders: readonly Encoder[]): Serialization {
  for (const { serialization } of encoders) {
    if (serialization.id === id && serialization.canRead(format)) return serialization;
  }
  const isShuffled = id.startsWith(shufflePrefix);
  const base = isShuffled ? id.slice(shufflePrefix.length) : id;
  const found = builtIn.find((one) => one.id === base);
  if (found === undefined)
    throw new CannotDecodeError(
      `it was serialized with ${id}; give the task or the storage the encoder that it was saved with`,
    );
  if (!found.canRead(format))
    throw new CannotDecodeError(
      `it was serialized with ${id} in the format ${format}, which this version of Tidemark does not know; update Tidemark to read it`,
    );
  if (!isShuffled) return found;
  const { makeSerialization } = require('./pipeline') as typeof import('./pipeline');
  return makeSerialization([shuffle()], found);
}
