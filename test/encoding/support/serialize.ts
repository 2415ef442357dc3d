import type { Bytes, Serialized } from '../../../src/encoding/encoder';
import { defaultEncoder } from '../../../src/encoding/make-encoder';

const { serialization } = defaultEncoder;

/** Serializes with the default encoder, which is synchronous. */
export function serialize(value: unknown, root?: string): Serialized {
  return serialization.serialize(value, root) as Serialized;
}

export function deserialize(bytes: Bytes, format: string): unknown {
  return serialization.deserialize(bytes, format);
}

export function canRead(format: string): boolean {
  return serialization.canRead(format);
}
