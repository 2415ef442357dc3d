import { type Awaitable, andThen, rescue } from '../base/awaitable';
import { describeError } from '../base/describe-error';
import { TidemarkError } from '../base/error';
import { compactBytes, ZlibCompression } from './compression/zlib';
import { PackageZstd } from './compression/zstd-fallback';
import type { Bytes, Compression, Encryption } from './encoder';
import { CannotDecodeError } from './errors';
import { bytesOf, isBinary } from './serialization/typed-arrays';

/** Transforms a result before it is serialized, and reverses that; for example a codec of numcodecs. */
export interface Filter {
  readonly id?: string;
  encode(value: any): any;
  decode(value: any): any;
}

/** Turns a value into text or bytes; for example `JSON`, `node:v8`, superjson, yaml or msgpackr. */
export type Serializer = { readonly id?: string } & (
  | { serialize(value: any): Awaitable<Bytes | string>; deserialize(data: any): any }
  | { encode(value: any): Awaitable<Bytes | string>; decode(data: any): any }
  | { stringify(value: any): Awaitable<Bytes | string>; parse(data: any): any }
  | { pack(value: any): Awaitable<Bytes | string>; unpack(data: any): any }
);

/** Compresses bytes; for example lz4js or a codec of numcodecs. */
export type Compressor = { readonly id?: string } & (
  | { compress(bytes: any): Awaitable<Bytes>; decompress(bytes: any): Awaitable<Bytes> }
  | { encode(bytes: any): Awaitable<Bytes>; decode(bytes: any): Awaitable<Bytes> }
);

/** Encrypts bytes. The second argument is the place that the bytes belong to. */
export interface Encrypter {
  readonly id?: string;
  /** Identifies the key without revealing anything about it. */
  readonly keyId?: string | undefined;
  encrypt(bytes: any, place: any): Awaitable<Bytes>;
  decrypt(bytes: any, place: any): Awaitable<Bytes>;
}

/** The two functions of a part, whatever their names, and the id of the part in records. */
export interface AdaptedPart {
  readonly id: string;
  readonly encode: (input: unknown, ...rest: unknown[]) => unknown;
  readonly decode: (input: unknown, ...rest: unknown[]) => unknown;
}

/** Names of methods in the order of lookup: text first, since a part may have a `serialize` that returns objects. */
const methodNames = {
  filter: [['encode', 'decode']],
  serializer: [
    ['stringify', 'parse'],
    ['serialize', 'deserialize'],
    ['encode', 'decode'],
    ['pack', 'unpack'],
  ],
  compressor: [
    ['compress', 'decompress'],
    ['encode', 'decode'],
  ],
  encrypter: [['encrypt', 'decrypt']],
} as const;

/** Words of a record are separated by spaces. */
const wordPattern = /^[\w$][\w$.:@/+-]*$/;

type Part = Readonly<Record<string, unknown>>;
type Method = AdaptedPart['encode'];

/**
 * Finds the methods and the id of a part.
 *
 * @param label name of the part in messages, such as `the compressor`
 * @throws {TidemarkError} when a method is missing
 */
export function adaptPart(part: unknown, role: keyof typeof methodNames, label: string): AdaptedPart {
  const pairs: readonly (readonly [string, string])[] = methodNames[role];
  for (const candidate of [part, (part as { default?: unknown } | undefined | null)?.default]) {
    if ((typeof candidate !== 'object' && typeof candidate !== 'function') || candidate === null) continue;
    const object = candidate as Part;
    const pair = pairs.find((names) => names.every((name) => typeof object[name] === 'function'));
    if (pair === undefined) continue;
    const [encode, decode] = pair.map((name) => object[name] as Method) as [Method, Method];
    return {
      id: idOf(object, [encode, decode]),
      encode: (...args) => encode.apply(object, args),
      decode: (...args) => decode.apply(object, args),
    };
  }
  const wanted = pairs.map((names) => names.join(' and ')).join(', or ');
  const hint = typeof part === 'function' ? '; it is a function: did you mean to call it?' : '';
  throw new TidemarkError(`${label} is ${describePart(part)}; it must have the methods ${wanted}${hint}`);
}

function checkId(id: string): string {
  if (wordPattern.test(id)) return id;
  throw new TidemarkError(
    `${JSON.stringify(id)} is not a valid id for a part of an encoder: use a word of letters, digits and . _ : @ / + -`,
  );
}

/** Lists names only: an encrypter holds secrets. */
function describePart(part: unknown): string {
  if (part === null || (typeof part !== 'object' && typeof part !== 'function'))
    return part === null ? 'null' : `a ${typeof part}`;
  const names = Object.keys(part).slice(0, 8);
  return `${typeof part === 'function' ? 'a function' : 'an object'} with ${names.join(', ') || 'no properties'}`;
}

/** The id of a part in records: its own, else from its class, else from its code. */
function idOf(part: Part, methods: readonly Method[]): string {
  if (typeof part['id'] === 'string') return checkId(part['id']);
  const Class = part.constructor as { readonly name?: string; readonly codecId?: unknown } | undefined;
  if (typeof Class?.codecId === 'string') return Class.codecId;
  const name = typeof part === 'function' ? (part as Function).name : Class?.name;
  if (name && name !== 'Object' && wordPattern.test(name)) return name;
  // Modules and plain objects have no name. A common name would let one decode the bytes of another.
  const { hash } = require('node:crypto') as typeof import('node:crypto');
  return `custom-${hash('sha256', methods.join('\n'), 'hex').slice(0, 8)}`;
}

/** Adapts a compressor; built-in ones need no adaptation. */
export function adaptCompressor(compressor: Compressor): Compression {
  if (compressor instanceof ZlibCompression || compressor instanceof PackageZstd) return compressor;
  const part = adaptPart(compressor, 'compressor', 'the compressor');
  // A single argument: for some modules a second one has a meaning.
  return {
    id: part.id,
    compress: (bytes) => transform(part, part.encode, bytes),
    decompress: (bytes) => transform(part, part.decode, bytes),
  };
}

/** Adapts an encrypter, unless it decides by key id itself whether it can decrypt. */
export function adaptEncrypter(encrypter: Encrypter | Encryption): Encryption {
  if (isEncryption(encrypter)) return encrypter;
  const part = adaptPart(encrypter, 'encrypter', 'the encrypter');
  const keyId = typeof encrypter.keyId === 'string' ? encrypter.keyId : undefined;
  return {
    id: part.id,
    keyId,
    canDecrypt: (other) => other === keyId,
    encrypt: (bytes, place) => transform(part, part.encode, bytes, place),
    decrypt: (bytes, place) =>
      rescue(
        () => transform(part, part.decode, bytes, place),
        (cause) => {
          if (keyId !== undefined) throw cause;
          // Without a key id, another key looks like damage, and a checkpoint with another key must stay as it is.
          throw new CannotDecodeError(
            `${part.id} cannot decrypt it (${describeError(cause)}): it was encrypted with another key, or is damaged`,
            { cause },
          );
        },
      ),
  };
}

/**
 * The bytes that a part returned.
 *
 * @param part name of the part in messages
 * @throws {TidemarkError} when the output is not bytes
 */
export function toBytes(output: unknown, part: string): Bytes {
  if (isBinary(output)) return bytesOf(output);
  throw new TidemarkError(
    `${part} returned ${output === null ? 'null' : `a value of type ${typeof output}`}; it must return bytes`,
  );
}

function transform(
  part: AdaptedPart,
  method: AdaptedPart['encode'],
  bytes: Bytes,
  ...rest: unknown[]
): Awaitable<Bytes> {
  const input = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return andThen(method(input, ...rest), (output) => compactBytes(toBytes(output, part.id)));
}

function isEncryption(encrypter: Encrypter | Encryption): encrypter is Encryption {
  return typeof (encrypter as Partial<Encryption> | null)?.canDecrypt === 'function';
}
