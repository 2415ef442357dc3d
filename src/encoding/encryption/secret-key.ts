import type { KeyObject } from 'node:crypto';
import { types } from 'node:util';
import { TidemarkError } from '../../base/error';
import { jsonText } from '../../base/json-text';
import type { Bytes } from '../encoder';

/** A passphrase with a salt of one's own, so that nobody can have computed the keys of likely passphrases before. */
export interface Passphrase {
  readonly passphrase: string;
  /** Any text; the same in every process that shares the storage. */
  readonly salt: string;
}

/** 32 bytes, these in base64, or a passphrase. */
export type SecretKeySource = Bytes | string | Passphrase;

const keyLength = 32;
const base64Key = /^(?:[A-Za-z0-9+/]{43}=|[A-Za-z0-9_-]{43}=?)$/;
const minPassphraseLength = 12;
/**
 * The salt is the same for all who choose none: every process has to make the same key of a passphrase, and to
 * name it in records, before it has read anything. A random salt in each message would cost every reader one
 * derivation, a quarter of a second, for each process that ever wrote. So the work that guessing takes is high.
 */
const defaultSalt = 'tidemark';
const scryptOptions = { N: 2 ** 15, r: 8, p: 3, maxmem: 2 ** 26 } as const;

/** Keys made of passphrases, by a hash of these: deriving one takes a quarter of a second. */
const derivedKeys = new Map<string, Buffer>();

/** A key of 256 bits, from which others are made: one for each place, and the name of the key. */
export class SecretKey {
  readonly #source: Bytes | Passphrase;
  #master: KeyObject | undefined;
  #id: string | undefined;

  /** @throws {TidemarkError} when it is no key */
  constructor(source: SecretKeySource) {
    this.#source = checkSource(source);
  }

  /** Names the key, and tells nothing about it. */
  get id(): string {
    this.#id ??= this.#hmac('tidemark key id').toString('hex', 0, 8);
    return this.#id;
  }

  /**
   * The key for one place. Under one key no more than 2^32 messages with random nonces are safe: so many go to
   * each place, not to all of them.
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
    throw new TidemarkError(`a key is ${keyLength} bytes; this one has ${source.byteLength}`);
  }
  if (typeof source === 'string') {
    const text = source.trim();
    return base64Key.test(text) ? Buffer.from(text, 'base64') : checkPassphrase(source, defaultSalt);
  }
  const { passphrase, salt } = (source ?? {}) as Partial<Passphrase>;
  if (typeof passphrase === 'string' && typeof salt === 'string' && salt !== '')
    return checkPassphrase(passphrase, salt);
  throw new TidemarkError(`a key is ${keyLength} bytes, these as base64, a passphrase, or { passphrase, salt }`);
}

/** The same however it was typed: letters with accents have two spellings, and files end in a line break. */
function checkPassphrase(text: string, salt: string): Passphrase {
  const passphrase = text.normalize('NFKC').trim();
  if ([...passphrase].length >= minPassphraseLength) return { passphrase, salt };
  throw new TidemarkError(
    `a passphrase has at least ${minPassphraseLength} characters, since shorter ones can be guessed; better still is a key: \`openssl rand -base64 ${keyLength}\``,
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
