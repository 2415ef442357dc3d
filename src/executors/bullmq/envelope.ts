import { deserialize, serialize } from 'node:v8';
import { type Awaitable, andThen } from '../../awaitable';
import { describeError } from '../../base/describe-error';
import type { Bytes, Encryption } from '../../encoding/encoder';
import { isJson } from './is-json';
import { QueueError } from './queue-error';

/** The advice in messages about secrets. */
export const encryptJobs =
  'Open the storage of runner and workers with an encrypter, which also encrypts jobs: Storage.open(uri, { encoder: encoder({ encrypter: aesGcm({ key }) }) }). Or run the task on an executor on this machine';

/** Content as JSON: as it is, where JSON brings it back, or else in a text, which is encrypted where the storage is. */
export type Sealed =
  | { readonly json: object; readonly bytes: readonly string[] }
  | { readonly body: string; readonly encrypter?: string; readonly keyId?: string | undefined };

/** What jobs, answers and progress consist of: data, and bytes beside it. */
export interface Content {
  readonly bytes?: readonly Bytes[];
}

/** Makes content fit for Redis. @param place where it belongs: when it is encrypted, it cannot be read elsewhere */
export function seal<T extends object>(
  content: T & Content,
  encryption: Encryption | null,
  place: string,
): Awaitable<Sealed> {
  if (encryption === null) {
    const { bytes = [], ...json } = content;
    if (isJson(json)) return { json, bytes: bytes.map(toBase64) };
    return { body: serialize(content).toString('base64') };
  }
  const { id, keyId } = encryption;
  return andThen(encryption.encrypt(serialize(content), placeOf(place)), (encrypted) => ({
    body: toBase64(encrypted),
    encrypter: id,
    keyId,
  }));
}

/** @throws {QueueError} when it needs something that is not here, or is not what was sealed */
export function open<T extends object>(sealed: Sealed, encryption: Encryption | null, place: string): Awaitable<T> {
  if ('json' in sealed) return { ...sealed.json, bytes: sealed.bytes.map(fromBase64) } as unknown as T;
  const { body, encrypter, keyId } = sealed;
  const bytes = Buffer.from(body, 'base64');
  if (encrypter === undefined) return read<T>(bytes);
  if (encryption?.id !== encrypter || !encryption.canDecrypt(keyId))
    throw new QueueError(
      `it is encrypted (${encrypter}${keyId === undefined ? '' : `, key ${keyId}`}), and ${encryption ? 'that key is not among those given here' : 'no key was given here'}; give runner and workers a storage with the same encoder`,
      { mayRetry: false },
    );
  return andThen(encryption.decrypt(bytes, placeOf(place), keyId), (plain) => read<T>(bufferOf(plain)));
}

/** Whether it was encrypted. */
export function isEncrypted(sealed: Sealed): boolean {
  return 'body' in sealed && sealed.encrypter !== undefined;
}

function read<T>(bytes: Buffer): T {
  try {
    return deserialize(bytes) as T;
  } catch (cause) {
    throw new QueueError(
      `it was written by a version of Node that ${process.version} does not understand (${describeError(cause)}); use one version for runner and workers`,
      { cause, mayRetry: false },
    );
  }
}

/** Other than the places of results, so that one cannot be put for the other. */
function placeOf(place: string): string {
  return `job ${place}`;
}

function toBase64(bytes: Bytes): string {
  return bufferOf(bytes).toString('base64');
}

/** In memory of its own, which a value may use. */
function fromBase64(text: string): Bytes {
  return new Uint8Array(Buffer.from(text, 'base64'));
}

function bufferOf({ buffer, byteOffset, byteLength }: Bytes): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
