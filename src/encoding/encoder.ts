import type { Awaitable } from '../base/awaitable';

/** Bytes as storage keeps them. */
export type Bytes = Uint8Array;

/** A value as bytes, and which of a serialization's ways it went. */
export interface Serialized {
  /** What `deserialize` needs to know, kept in the record: `cbor`, `v8`… */
  readonly format: string;
  readonly bytes: Bytes;
  /** Whether the bytes are the value's own memory: they change when the value does. */
  readonly isView?: boolean;
}

/** Filters and a serializer: makes bytes of values. The digest of a result is taken of these bytes. */
export interface Serialization {
  /** Names the filters and the serializer; kept in records, so that a reader knows whether it can decode. */
  readonly id: string;
  /**
   * @param root what to call the value in the path of a refusal @default 'result'
   * @throws {UnsupportedValueError} when the value would come back different
   */
  serialize(value: unknown, root?: string): Awaitable<Serialized>;
  /** @param mayKeep whether the bytes are the caller's to give away: then the value may use their memory */
  deserialize(bytes: Bytes, format: string, mayKeep?: boolean): Awaitable<unknown>;
  /** Whether `deserialize` understands this format. */
  canRead(format: string): boolean;
}

/** Makes bytes smaller. */
export interface Compression {
  readonly id: string;
  compress(bytes: Bytes): Awaitable<Bytes>;
  /** @param size how many bytes come out, where that is known: with more or fewer, the bytes are damaged */
  decompress(bytes: Bytes, size?: number): Awaitable<Bytes>;
}

/** Makes bytes unreadable for others. */
export interface Encryption {
  readonly id: string;
  /** Names the key that `encrypt` uses, without telling anything about it. */
  readonly keyId: string | undefined;
  /** @param place where the bytes belong: decrypting them for another place fails */
  encrypt(bytes: Bytes, place: string): Awaitable<Bytes>;
  /** @throws when the bytes or the place are not those that were encrypted */
  decrypt(bytes: Bytes, place: string, keyId: string | undefined): Awaitable<Bytes>;
  /** Whether the key of this name is here. */
  canDecrypt(keyId: string | undefined): boolean;
}

/**
 * Turns results into bytes and back; made by `encoder(…)`.
 *
 * It has two halves, since the digest of a result is taken in between: the serialization makes bytes of a
 * value, compression and encryption make them small and unreadable for others. The digest is checked after the
 * second half is undone and before the first one is, so damaged bytes are never decoded.
 */
export interface Encoder {
  readonly serialization: Serialization;
  readonly compression: Compression | null;
  readonly encryption: Encryption | null;
}
