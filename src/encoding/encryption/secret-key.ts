import type { KeyObject } from 'node:crypto';
import { types } from 'node:util';
import { TidemarkError } from '../../base/error';
import { jsonText } from '../../base/json-text';
import type { Bytes } from '../encoder';

/** A passphrase with a salt of its own, for which nobody can have precomputed the keys of likely passphrases. */
export interface Passphrase {
  readonly passphrase: string;
  /** Any text, equal in every process that shares the storage. */
  readonly salt: string;
}

/** 32 bytes, the same in base64, or a passphrase. */
export type SecretKeySource = Bytes | string | Passphrase;

const keyLength = 32;
const base64Key = /^(?:[A-Za-z0-9+/]{43}=|[A-Za-z0-9_-]{43}=?)$/;
const minPassphraseLength = 12;
/**
 * The default salt is a constant: every process must derive the same key from a passphrase, and name it in records,
 * before it reads anything. With a random salt in each message, every reader would spend one derivation, a quarter of a
 * second, for each process that ever wrote. Guessing is expensive instead, by the options of scrypt.
 */
const defaultSalt = 'tidemark';
const scryptOptions = { N: 2 ** 15, r: 8, p: 3, maxmem: 2 ** 26 } as const;

/** Keys derived from passphrases, by a hash of these: deriving one takes a quarter of a second. */
const derivedKeys = new Map<string, Buffer>();

/** A key of 256 bits, from which the key of each place and the id of the key are derived. */
export class SecretKey {
  readonly #source: Bytes | Passphrase;
  #master: KeyObject | undefined;
  #id: string | undefined;

  /** @throws {TidemarkError} for an invalid key */
  constructor(source: SecretKeySource) {
    this.#source = checkSource(source);
  }

  /** Identifies the key without revealing anything about it. */
  get id(): string {
    this.#id ??= this.#hmac('tidemark key id').toString('hex', 0, 8);
    return this.#id;
  }

  /**
   * Derives the key of one place. A key is safe for at most 2^32 messages with random nonces: with derived keys, this is
   * the limit of each place instead of all together.
   */
  deriveFor(place: string): Uint8Array {
    return this.#hmac(`tidemark place ${place}`);
  }

  #hmac(text: string): Buffer {
    const { createHmac, createSecretKey } = require('node:crypto') as typeof import('node:crypto');
    this.#master ??= createSecretKey(keyBytes(this.#source));
    return createHmac('sha256', this.#master).update(text).digest();
  }
}

function checkSource(source: SecretKeySource): Bytes | Passphrase {
  if (types.isUint8Array(source)) {
    if (source.byteLength === keyLength) return new Uint8Array(source);
    throw new TidemarkError(`a key must have ${keyLength} bytes; this one has ${source.byteLength}`);
  }
  if (typeof source === 'string') {
    const text = source.trim();
    return base64Key.test(text) ? Buffer.from(text, 'base64') : checkPassphrase(source, defaultSalt);
  }
  const { passphrase, salt } = (source ?? {}) as Partial<Passphrase>;
  if (typeof passphrase === 'string' && typeof salt === 'string' && salt !== '')
    return checkPassphrase(passphrase, salt);
  throw new TidemarkError(
    `a key must be ${keyLength} bytes, the same in base64, a passphrase, or { passphrase, salt }`,
  );
}

/** Normalizes a passphrase: letters with accents have two encodings, and files end with a line break. */
function checkPassphrase(text: string, salt: string): Passphrase {
  const passphrase = text.normalize('NFKC').trim();
  if ([...passphrase].length >= minPassphraseLength) return { passphrase, salt };
  throw new TidemarkError(
    `a passphrase needs at least ${minPassphraseLength} characters, since shorter ones can be guessed; a key is better still: \`openssl rand -base64 ${keyLength}\``,
  );
}

function keyBytes(source: Bytes | Passphrase): Bytes {
  if (types.isUint8Array(source)) return source;
  const { hash, scryptSync } = require('node:crypto') as typeof import('node:crypto');
  const name = hash('sha256', jsonText([source.passphrase, source.salt]), 'hex');
  const known = derivedKeys.get(name);
  if (known !== undefined) return known;
  const key = scryptSync(source.passphrase, source.salt, keyLength, scryptOptions);
  derivedKeys.set(name, key);
  return key;
}
