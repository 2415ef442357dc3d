import type { Awaitable } from '../base/awaitable';

/** Bytes as storage keeps them. */
export type Bytes = Uint8Array;

/** A value as bytes, and the format that the serialization chose. */
export interface Serialized {
  /** The format for `deserialize`, stored in the record: `cbor`, `v8`… */
  readonly format: string;
  readonly bytes: Bytes;
  /** Whether the bytes are the memory of the value, so that they change with it. */
  readonly isView?: boolean;
}

/** Filters and a serializer: turns values into bytes. The digest of a result is computed from these bytes. */
export interface Serialization {
  /** Names the filters and the serializer; stored in records, so that a reader knows whether it can decode. */
  readonly id: string;
  /**
   * @param root name of the value in the path of an error @default 'result'
   * @throws {UnsupportedValueError} when the value would come back different
   */
  serialize(value: unknown, root?: string): Awaitable<Serialized>;
  /** @param mayKeep whether the value may use the memory of the bytes */
  deserialize(bytes: Bytes, format: string, mayKeep?: boolean): Awaitable<unknown>;
  /** Whether `deserialize` understands this format. */
  canRead(format: string): boolean;
}

/** Compresses bytes. */
export interface Compression {
  readonly id: string;
  compress(bytes: Bytes): Awaitable<Bytes>;
  /** @param size number of decompressed bytes, if it is known: any other number means damage */
  decompress(bytes: Bytes, size?: number): Awaitable<Bytes>;
}

/** Encrypts bytes. */
export interface Encryption {
  readonly id: string;
  /** Identifies the key of `encrypt` without revealing anything about it. */
  readonly keyId: string | undefined;
  /** @param place the place that the bytes belong to: decrypting them for another place fails */
  encrypt(bytes: Bytes, place: string): Awaitable<Bytes>;
  /** @throws when the bytes or the place differ from the encrypted ones */
  decrypt(bytes: Bytes, place: string, keyId: string | undefined): Awaitable<Bytes>;
  /** Whether the key with this id is available. */
  canDecrypt(keyId: string | undefined): boolean;
}

/**
 * Turns results into bytes and back; made by `encoder(…)`.
 *
 * It has two halves, with the digest of a result in between: the serialization turns a value into bytes, which are then
 * compressed and encrypted. Reading reverses the second half first and verifies the digest, so that damaged bytes are
 * never deserialized.
 */
export interface Encoder {
  readonly serialization: Serialization;
  readonly compression: Compression | null;
  readonly encryption: Encryption | null;
}
