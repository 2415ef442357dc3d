import type { Awaitable } from '../awaitable';
import type { Bytes } from './encoder';

/** Changes a result before it is serialized, and back afterwards; such as the codecs of numcodecs. */
export interface Filter {
  readonly id?: string;
  encode(value: any): any;
  decode(value: any): any;
}

/** Makes text or bytes of a value; such as `JSON`, `node:v8`, superjson, yaml or msgpackr. */
export type Serializer = { readonly id?: string } & (
  | { serialize(value: any): Awaitable<Bytes | string>; deserialize(data: any): any }
  | { encode(value: any): Awaitable<Bytes | string>; decode(data: any): any }
  | { stringify(value: any): Awaitable<Bytes | string>; parse(data: any): any }
  | { pack(value: any): Awaitable<Bytes | string>; unpack(data: any): any }
);

/** Makes bytes smaller; such as lz4js or the codecs of numcodecs. */
export type Compressor = { readonly id?: string } & (
  | { compress(bytes: any): Awaitable<Bytes>; decompress(bytes: any): Awaitable<Bytes> }
  | { encode(bytes: any): Awaitable<Bytes>; decode(bytes: any): Awaitable<Bytes> }
);

/** Makes bytes unreadable for others. The second argument says where the bytes belong. */
export interface Encrypter {
  readonly id?: string;
  /** Names the key, without telling anything about it. */
  readonly keyId?: string | undefined;
  encrypt(bytes: any, place: any): Awaitable<Bytes>;
  decrypt(bytes: any, place: any): Awaitable<Bytes>;
}
