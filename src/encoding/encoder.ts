import type { Awaitable } from '../awaitable';

/** Bytes as storage keeps them. */
export type Bytes = Uint8Array;

/** A value as bytes, and which of an encoder's ways it went. */
export interface Serialized {
  /** What `deserialize` needs to know, kept in the record: `cbor`, `v8`… */
  readonly format: string;
  readonly bytes: Bytes;
}

/**
 * Turns results into bytes and back.
 *
 * It has two halves, since the digest of a result is taken in between: `serialize` makes bytes of a
 * value; `pack` makes them small or unreadable for others. The digest is checked after `unpack`, before
 * `deserialize`, so damaged bytes are never decoded.
 */
export interface Encoder {
  /** Names the settings; kept in records, so that a reader knows whether it can decode. */
  readonly id: string;
  /** @throws {UnsupportedValueError} when the value would come back different. */
  serialize(value: unknown): Awaitable<Serialized>;
  deserialize(bytes: Bytes, format: string): unknown;
  /** Whether `deserialize` understands this format. */
  canRead(format: string): boolean;
  /** Compresses, encrypts. The key is the checkpoint's, for encryption that binds bytes to their place. */
  pack?(bytes: Bytes, key: string): Awaitable<Bytes>;
  unpack?(bytes: Bytes, key: string): Awaitable<Bytes>;
}
