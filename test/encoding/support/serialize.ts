import type { Bytes, Serialized } from '../../../src/encoding/encoder';
import { defaultEncoder } from '../../../src/encoding/make-encoder';

const { serialization } = defaultEncoder;

/** Serializes as usual, which is done at once. */
export function serialize(value: unknown, root?: string): Serialized {
  return serialization.serialize(value, root) as Serialized;
}

export function deserialize(bytes: Bytes, format: string): unknown {
  return serialization.deserialize(bytes, format);
}

export function canRead(format: string): boolean {
  return serialization.canRead(format);
}
