import type { CipherGCM, DecipherGCM } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { type Awaitable, andThen } from '../awaitable';
import { type Allowed, anything, checkOptions } from '../check-options';
import { TidemarkError } from '../error';
import { CannotDecodeError } from './cannot-decode-error';
import type { Bytes, Encryption } from './encoder';
import { SecretKey, type SecretKeySource } from './secret-key';

/** Either one key, or several: the first one encrypts, all of them decrypt. */
export type AesGcmOptions =
  | { readonly key: SecretKeySource; readonly keys?: undefined }
  | { readonly keys: readonly SecretKeySource[]; readonly key?: undefined };

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Larger messages are worked on piece by piece, so that other work goes on. */
const PIECE = 2 * 1024 * 1024;
const known: Readonly<Record<'key' | 'keys', Allowed>> = { key: anything, keys: anything };

/** A message is a random nonce, what was encrypted, and the tag that proves both and the place. */
class AesGcm implements Encryption {
  readonly id = CIPHER;
  readonly #keys: readonly [SecretKey, ...SecretKey[]];

  constructor(keys: readonly [SecretKey, ...SecretKey[]]) {
    this.#keys = keys;
  }

  get keyId(): string {
    return this.#keys[0].id;
  }

  canDecrypt(keyId: string | undefined): boolean {
    return this.#keyOf(keyId) !== undefined;
  }

  encrypt(bytes: Bytes, place: string): Awaitable<Bytes> {
    const { createCipheriv, randomFillSync } = crypto();
    const message = new Uint8Array(NONCE_BYTES + bytes.byteLength + TAG_BYTES);
    const nonce = randomFillSync(message.subarray(0, NONCE_BYTES));
    const cipher = createCipheriv(CIPHER, this.#keys[0].forPlace(place), nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(boundTo(place));
    return andThen(run(cipher, bytes, message.subarray(NONCE_BYTES)), () => {
      message.set(cipher.getAuthTag(), NONCE_BYTES + bytes.byteLength);
      return message;
    });
  }

  decrypt(message: Bytes, place: string, keyId: string | undefined): Awaitable<Bytes> {
    const key = this.#keyOf(keyId);
    if (key === undefined)
      throw new CannotDecodeError(`it was encrypted with the key ${keyId}, which is not among the keys here`);
    const end = message.byteLength - TAG_BYTES;
    if (end < NONCE_BYTES) throw new TidemarkError('what was encrypted is cut short');
    const nonce = message.subarray(0, NONCE_BYTES);
    const decipher = crypto().createDecipheriv(CIPHER, key.forPlace(place), nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(boundTo(place)).setAuthTag(message.subarray(end));
    const bytes = new Uint8Array(end - NONCE_BYTES);
    return andThen(run(decipher, message.subarray(NONCE_BYTES, end), bytes), () => bytes);
  }

  #keyOf(keyId: string | undefined): SecretKey | undefined {
    return this.#keys.find((key) => key.id === keyId);
  }
}

/**
 * Encrypts with AES-256-GCM: who has not got the key can neither read results and params nor change them
 * unnoticed, nor put one in the place of another.
 *
 * A key is 32 bytes, these in base64 (`openssl rand -base64 32`), or a passphrase of at least 12 characters, of
 * which scrypt makes the key; `{ passphrase, salt }` makes guessing passphrases harder still. With `keys`, the first
 * one encrypts and all of them decrypt: to change keys, put the new one first and keep the old ones as long as
 * there are results that they encrypted.
 *
 * @throws {TidemarkError} for what is not a key
 * @example
 * const secret = encoder({ encrypter: aesGcm({ key: process.env.TIDEMARK_KEY! }) });
 * const storage = Storage.open('file:.tidemark', { encoder: secret });
 */
export function aesGcm(options: AesGcmOptions): Encryption {
  checkOptions(options, known, 'aesGcm');
  const { key, keys } = options;
  if ((key === undefined) === (keys === undefined)) throw new TidemarkError('aesGcm needs either a key or keys');
  if (keys !== undefined && !Array.isArray(keys))
    throw new TidemarkError('aesGcm: keys is a list; for a single key there is `key`');
  const [first, ...others] = (keys ?? [key]).map((source) => new SecretKey(source as SecretKeySource));
  if (first === undefined) throw new TidemarkError('aesGcm needs at least one key');
  return new AesGcm([first, ...others]);
}

function crypto(): typeof import('node:crypto') {
  return require('node:crypto') as typeof import('node:crypto');
}

function boundTo(place: string): Buffer {
  return Buffer.from(`tidemark result ${place}`);
}

/** @throws {TidemarkError} when a decipher finds that the message is not what was encrypted */
function run(cipher: CipherGCM | DecipherGCM, from: Bytes, to: Bytes): Awaitable<void> {
  if (from.byteLength > PIECE) return runInPieces(cipher, from, to);
  to.set(cipher.update(from));
  finish(cipher);
}

async function runInPieces(cipher: CipherGCM | DecipherGCM, from: Bytes, to: Bytes): Promise<void> {
  for (let start = 0; start < from.byteLength; start += PIECE) {
    to.set(cipher.update(from.subarray(start, start + PIECE)), start);
    await setImmediate();
  }
  finish(cipher);
}

function finish(cipher: CipherGCM | DecipherGCM): void {
  try {
    cipher.final();
  } catch (cause) {
    throw new TidemarkError('it was encrypted with another key or for another place, or was changed since', { cause });
  }
}
