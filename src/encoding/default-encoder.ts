import { best } from './compressors/built-in';
import type { Encoder } from './encoder';
import { cbor } from './serializers';

/** CBOR, compressed as well as this process can where that pays, and not encrypted. */
export const defaultEncoder = { serialization: cbor, compression: best, encryption: null } as const satisfies Encoder;
