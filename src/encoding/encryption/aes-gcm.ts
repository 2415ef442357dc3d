import type { CipherGCM, DecipherGCM } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { type Awaitable, andThen } from '../../base/awaitable';
import { type Allowed, anything, checkOptions } from '../../base/check-options';
import { TidemarkError } from '../../base/error';
import type { Bytes, Encryption } from '../encoder';
import { CannotDecodeError } from '../errors';
import { SecretKey, type SecretKeySource } from './secret-key';

/** One key, or several: the first one encrypts, all of them decrypt. */
export type AesGcmOptions =
  | { readonly key: SecretKeySource; readonly keys?: undefined }
  | { readonly keys: readonly SecretKeySource[]; readonly key?: undefined };

const algorithm = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;
/** Larger messages are processed in pieces, so that other work can run in between. */
const pieceBytes = 2 * 1024 * 1024;
const allowedOptions: Readonly<Record<'key' | 'keys', Allowed>> = { key: anything, keys: anything };

/** A message is a random nonce, the encrypted bytes, and the tag that authenticates both and the place. */
class AesGcm implements Encryption {
  readonly id = algorithm;
  readonly #keys: readonly [SecretKey, ...SecretKey[]];

  constructor(keys: readonly [SecretKey, ...SecretKey[]]) {
    this.#keys = keys;
  }

  get keyId(): string {
    return this.#keys[0].id;
  }

  canDecrypt(keyId: string | undefined): boolean {
    return this.#findKey(keyId) !== undefined;
  }

  encrypt(bytes: Bytes, place: string): Awaitable<Bytes> {
    const { createCipheriv, randomFillSync } = nodeCrypto();
    const message = new Uint8Array(nonceBytes + bytes.byteLength + tagBytes);
    const nonce = randomFillSync(message.subarray(0, nonceBytes));
    const cipher = createCipheriv(algorithm, this.#keys[0].deriveFor(place), nonce, { authTagLength: tagBytes });
    cipher.setAAD(additionalData(place));
    return andThen(transform(cipher, bytes, message.subarray(nonceBytes)), () => {
      message.set(cipher.getAuthTag(), nonceBytes + bytes.byteLength);
      return message;
    });
  }

  decrypt(message: Bytes, place: string, keyId: string | undefined): Awaitable<Bytes> {
    const key = this.#findKey(keyId);
    if (key === undefined)
      throw new CannotDecodeError(`it was encrypted with the key ${keyId}, which this encoder does not have`);
    const end = message.byteLength - tagBytes;
    if (end < nonceBytes) throw new TidemarkError('the encrypted bytes are truncated');
    const nonce = message.subarray(0, nonceBytes);
    const decipher = nodeCrypto().createDecipheriv(algorithm, key.deriveFor(place), nonce, { authTagLength: tagBytes });
    decipher.setAAD(additionalData(place)).setAuthTag(message.subarray(end));
    const bytes = new Uint8Array(end - nonceBytes);
    return andThen(transform(decipher, message.subarray(nonceBytes, end), bytes), () => bytes);
  }

  #findKey(keyId: string | undefined): SecretKey | undefined {
    return this.#keys.find((key) => key.id === keyId);
  }
}

/**
 * Encrypts with AES-256-GCM: without the key, nobody can read results and params, change them unnoticed, or exchange
 * one for another.
 *
 * A key is 32 bytes, the same in base64 (`openssl rand -base64 32`), or a passphrase of at least 12 characters, from
 * which scrypt derives the key; `{ passphrase, salt }` makes passphrases even harder to guess. With `keys`, the first
 * one encrypts and all of them decrypt: to change keys, put the new one first, and keep the old ones as long as results
 * exist that they encrypted.
 *
 * @throws {TidemarkError} for an invalid key
 * @example
 * const secret = encoder({ encrypter: aesGcm({ key: process.env.TIDEMARK_KEY! }) });
 * const storage = Storage.open('file:.tidemark', { encoder: secret });
 */
export function aesGcm(options: AesGcmOptions): Encryption {
  checkOptions(options, allowedOptions, 'aesGcm');
  const { key, keys } = options;
  if ((key === undefined) === (keys === undefined)) throw new TidemarkError('aesGcm needs either a key or keys');
  if (keys !== undefined && !Array.isArray(keys))
    throw new TidemarkError('aesGcm: keys must be a list; use `key` for a single key');
  const [first, ...others] = (keys ?? [key]).map((source) => new SecretKey(source as SecretKeySource));
  if (first === undefined) throw new TidemarkError('aesGcm needs at least one key');
  return new AesGcm([first, ...others]);
}

function nodeCrypto(): typeof import('node:crypto') {
  return require('node:crypto') as typeof import('node:crypto');
}

function additionalData(place: string): Buffer {
  return Buffer.from(`tidemark result ${place}`);
}

/** @throws {TidemarkError} when a decipher finds that the message is not the encrypted one */
function transform(cipher: CipherGCM | DecipherGCM, from: Bytes, to: Bytes): Awaitable<void> {
  if (from.byteLength > pieceBytes) return transformInPieces(cipher, from, to);
  to.set(cipher.update(from));
  finish(cipher);
}

async function transformInPieces(cipher: CipherGCM | DecipherGCM, from: Bytes, to: Bytes): Promise<void> {
  for (let start = 0; start < from.byteLength; start += pieceBytes) {
    to.set(cipher.update(from.subarray(start, start + pieceBytes)), start);
    await setImmediate();
  }
  finish(cipher);
}

function finish(cipher: CipherGCM | DecipherGCM): void {
  try {
    cipher.final();
  } catch (cause) {
    throw new TidemarkError('it was encrypted with another key or for another place, or changed afterwards', { cause });
  }
}
