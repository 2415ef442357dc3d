import { type Awaitable, andThen, rescue } from '../base/awaitable';
import { describeError } from '../base/describe-error';
import { TidemarkError } from '../base/error';
import { compactBytes, ZlibCompression } from './compression/zlib';
import { PackageZstd } from './compression/zstd-fallback';
import type { Bytes, Compression, Encryption } from './encoder';
import { CannotDecodeError } from './errors';
import { bytesOf, isBinary } from './serialization/typed-arrays';

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

/** The two functions of a part, whatever they are called in it, and what records call the part. */
export interface AdaptedPart {
  readonly id: string;
  readonly encode: (input: unknown, ...rest: unknown[]) => unknown;
  readonly decode: (input: unknown, ...rest: unknown[]) => unknown;
}

/** Names of methods, in the order in which they are looked for: text first, since `serialize` may give objects beside it. */
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

/** Records are words with spaces between them. */
const wordPattern = /^[\w$][\w$.:@/+-]*$/;

type Part = Readonly<Record<string, unknown>>;
type Method = AdaptedPart['encode'];

/**
 * Finds out how a part is called.
 *
 * @param label - What to call it in messages, such as `the compressor`.
 * @throws {TidemarkError} when it has not got the methods
 */
export function adaptPart(part: unknown, role: keyof typeof methodNames, label: string): AdaptedPart {
  const pairs: readonly (readonly [string, string])[] = methodNames[role];
  for (const candidate of [part, (part as { default?: unknown } | undefined | null)?.default]) {
    if ((typeof candidate !== 'object' && typeof candidate !== 'function') || candidate === null) continue;
    const object = candidate as Part;
    const pair = pairs.find((names) => names.every((name) => typeof object[name] === 'function'));
    if (pair === undefined) continue;
    const [there, back] = pair.map((name) => object[name] as Method) as [Method, Method];
    return {
      id: idOf(object, [there, back]),
      encode: (...args) => there.apply(object, args),
      decode: (...args) => back.apply(object, args),
    };
  }
  const wanted = pairs.map(([there, back]) => `${there} and ${back}`).join(', or ');
  const hint = typeof part === 'function' ? '; it is a function: did you mean to call it?' : '';
  throw new TidemarkError(`${label} is ${describePart(part)}; it must have the methods ${wanted}${hint}`);
}

function checkId(id: string): string {
  if (wordPattern.test(id)) return id;
  throw new TidemarkError(
    `${JSON.stringify(id)} is no id for a part of an encoder: it must be a word, of letters, digits and . _ : @ / + -`,
  );
}

/** Names only: an encrypter holds secrets. */
function describePart(part: unknown): string {
  if (part === null || (typeof part !== 'object' && typeof part !== 'function'))
    return part === null ? 'null' : `a ${typeof part}`;
  const names = Object.keys(part).slice(0, 8);
  return `${typeof part === 'function' ? 'a function' : 'an object'} with ${names.join(', ') || 'no properties'}`;
}

/** What records call a part: what it is called itself, else its class, else its code. */
function idOf(part: Part, methods: readonly Method[]): string {
  if (typeof part['id'] === 'string') return checkId(part['id']);
  const Class = part.constructor as { readonly name?: string; readonly codecId?: unknown } | undefined;
  if (typeof Class?.codecId === 'string') return Class.codecId;
  const name = typeof part === 'function' ? (part as Function).name : Class?.name;
  if (name && name !== 'Object' && wordPattern.test(name)) return name;
  // Modules and plain objects have no name. With one for all, the bytes of one could be read by another.
  const { hash } = require('node:crypto') as typeof import('node:crypto');
  return `custom-${hash('sha256', methods.join('\n'), 'hex').slice(0, 8)}`;
}

/** Our own compressors as they are, others made into the same. */
export function adaptCompressor(compressor: Compressor): Compression {
  if (compressor instanceof ZlibCompression || compressor instanceof PackageZstd) return compressor;
  const part = adaptPart(compressor, 'compressor', 'the compressor');
  // One argument: to some modules a second one means something.
  return {
    id: part.id,
    compress: (bytes) => transform(part, part.encode, bytes),
    decompress: (bytes) => transform(part, part.decode, bytes),
  };
}

/** What can tell by a key id whether it decrypts as it is, others made into the same. */
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
          // It cannot tell another key from damage, and what has another key must not be touched.
          throw new CannotDecodeError(
            `${part.id} cannot decrypt it (${describeError(cause)}): it was encrypted with another key, or is damaged`,
            { cause },
          );
        },
      ),
  };
}

/** @throws {TidemarkError} when these are not bytes */
export function toBytes(output: unknown, giver: string): Bytes {
  if (isBinary(output)) return bytesOf(output);
  throw new TidemarkError(
    `${giver} gave ${output === null ? 'null' : `a value of type ${typeof output}`}; it must give bytes`,
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
