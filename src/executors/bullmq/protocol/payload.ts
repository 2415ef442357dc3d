import { createHash, hash } from 'node:crypto';
import { deserialize, serialize } from 'node:v8';
import { type Awaitable, andThen, rescue } from '../../../base/awaitable';
import { describeError, isInstance, shortened } from '../../../base/describe-error';
import type { Bytes, Encryption } from '../../../encoding/encoder';
import { QueueError } from '../queue-error';
import { isJson, isRecord, isText } from './json';

/** The advice in messages about secrets. */
export const encryptJobs =
  'Open the storage of runner and workers with an encrypter, which also encrypts jobs: Storage.open(uri, { encoder: encoder({ encrypter: aesGcm({ key }) }) }). Or run the task on an executor on this machine';

/**
 * Content as JSON: as it is, where JSON brings it back, or else in a text, which is encrypted where the storage is. A hash
 * of the content and its place is part of it.
 */
export type Payload =
  | { readonly json: object; readonly bytes: readonly string[]; readonly sum: string }
  | { readonly body: string; readonly sum: string }
  | { readonly body: string; readonly encrypter: string; readonly keyId?: string | undefined };

/** Where content belongs: it cannot be read elsewhere. */
export interface PayloadContext {
  readonly kind: 'job' | 'answer' | 'said' | 'abort';
  /** The queue, as tasks name it. */
  readonly queue: string;
  /** The id of the job. */
  readonly id: string;
  /** The unencrypted header that it is bound to. */
  readonly header?: readonly unknown[];
}

/** Content of jobs, answers and progress: data, and bytes beside it. */
export interface PayloadContent {
  readonly bytes?: readonly Bytes[];
}

/** Encodes content for Redis: hashed, or encrypted where the storage is. */
export function encodePayload<T extends object>(
  content: T & PayloadContent,
  encryption: Encryption | null,
  place: PayloadContext,
): Awaitable<Payload> {
  const where = contextText(place);
  if (encryption === null) {
    const { bytes = [], ...json } = content;
    if (isJson(json)) {
      const texts = bytes.map(toBase64);
      return { json, bytes: texts, sum: checksumOf(where, JSON.stringify(json), texts) };
    }
    const body = serialize(content).toString('base64');
    return { body, sum: checksumOf(where, body) };
  }
  const { id, keyId } = encryption;
  const plain = serialize(content);
  // Encrypters of other kinds than Tidemark's need not authenticate what they encrypt, nor its place.
  return andThen(encryption.encrypt(Buffer.concat([hashOf(where, plain), plain]), where), (encrypted) => ({
    body: toBase64(encrypted),
    encrypter: id,
    keyId,
  }));
}

/** @throws {QueueError} when it needs something that is not here, or is not what was sealed for this place */
export function decodePayload<T extends object>(
  sealed: unknown,
  encryption: Encryption | null,
  place: PayloadContext,
): Awaitable<T> {
  const where = contextText(place);
  if (!isPayload(sealed)) throw invalidPayload(place, `it is ${describeRaw(sealed)}`);
  if ('json' in sealed) {
    if (checksumOf(where, JSON.stringify(sealed.json), sealed.bytes) !== sealed.sum)
      throw invalidPayload(place, changed);
    return { ...sealed.json, bytes: sealed.bytes.map(fromBase64) } as unknown as T;
  }
  if (!('encrypter' in sealed)) {
    if (checksumOf(where, sealed.body) !== sealed.sum) throw invalidPayload(place, changed);
    return read<T>(Buffer.from(sealed.body, 'base64'));
  }
  const { body, encrypter, keyId } = sealed;
  if (encryption?.id !== encrypter || !encryption.canDecrypt(keyId))
    throw new QueueError(
      `it is encrypted (${encrypter}${keyId === undefined ? '' : `, key ${keyId}`}), and ${encryption ? 'that key is not among those given here' : 'no key was given here'}; give runner and workers a storage with the same encoder`,
      { mayRetry: false },
    );
  return rescue(
    () =>
      andThen(encryption.decrypt(Buffer.from(body, 'base64'), where, keyId), (decrypted) =>
        read<T>(contentIn(bufferOf(decrypted), where)),
      ),
    (cause) => {
      throw isInstance(cause, QueueError) ? cause : invalidPayload(place, changed, cause);
    },
  );
}

/** Whether a payload is encrypted. */
export function isEncrypted(sealed: Payload): boolean {
  return 'encrypter' in sealed && sealed.encrypter !== undefined;
}

/** Whether a value read from Redis has the form of a payload. */
export function isPayload(value: unknown): value is Payload {
  if (!isRecord(value)) return false;
  const { json, bytes, body, sum, encrypter } = value;
  if (json !== undefined)
    return isRecord(json) && typeof sum === 'string' && Array.isArray(bytes) && bytes.every(isText);
  return isText(body) && (encrypter === undefined ? isText(sum) : isText(encrypter));
}

/** Something that was read from Redis, in a few words. */
export function describeRaw(value: unknown): string {
  if (value === undefined) return 'missing';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text === '' ? 'empty' : `${isText(value) ? 'the text ' : ''}${shortened(text, 60)}`;
}

const changed = 'it was changed, or belongs elsewhere';

function invalidPayload(place: PayloadContext, why: string, cause?: unknown): QueueError {
  const what = { job: 'what', answer: 'the answer', said: 'what its task says', abort: 'why it is cancelled' }[
    place.kind
  ];
  const of = place.kind === 'job' ? `job ${place.id} of queue ${place.queue} says` : `of job ${place.id}`;
  return new QueueError(
    `${what} ${of} is not what was written to Redis: ${why}${cause === undefined ? '' : ` (${describeError(cause)})`}. Check which other programs write to the Redis of the queues, and use one version of tidemark for runner and workers`,
    { cause },
  );
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

/** A place as text, other than those of results, so that one cannot be put for the other. */
function contextText({ kind, queue, id, header = [] }: PayloadContext): string {
  return `job ${JSON.stringify([kind, queue, id, ...header])}`;
}

/** A hash of content and its place, as text. */
function checksumOf(where: string, content: string, bytes: readonly string[] = []): string {
  return hash('sha256', `${where}\n${content}\n${bytes.join()}`, 'hex').slice(0, 2 * hashBytes);
}

const hashBytes = 16;

function hashOf(where: string, content: Bytes): Buffer {
  return createHash('sha256').update(where).update('\n').update(content).digest().subarray(0, hashBytes);
}

/** The content behind its hash. */
function contentIn(decrypted: Buffer, where: string): Buffer {
  const content = decrypted.subarray(hashBytes);
  if (hashOf(where, content as Bytes).equals(decrypted.subarray(0, hashBytes))) return content;
  throw new Error('its hash is another one');
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
