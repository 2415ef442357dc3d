import { type Allowed, isBoolean, numberFrom, oneOf } from '../base/check-options';
import type { Encoder } from '../encoding/encoder';

/** The default of `maxResultSize`. */
export const defaultMaxResultSize = 2 ** 30;

/** The options of a storage. */
export interface StorageOptions {
  /**
   * Encodes results, unless their task has an encoder of its own. If this one encrypts, results are encrypted whatever
   * the task says.
   */
  readonly encoder?: Encoder;
  /**
   * Flush results to the disk before they count as saved: those that took 20 ms or more to compute, all, or none. A
   * result that was not flushed and is torn by a power cut is detected and computed again.
   *
   * @default 'worth-it'
   */
  readonly fsync?: 'worth-it' | 'always' | 'never';
  /** Results of up to this many bytes are stored in one entry with their record. @default 32768 */
  readonly inlineBytes?: number;
  /**
   * Use unencrypted results although the storage has an encrypter: anyone who can write to the storage can put such
   * results there.
   *
   * @default 'required'
   */
  readonly encryption?: 'required' | 'allow-plain';
  /**
   * The maximum size of a decompressed result, in bytes: a record that states more is not loaded. A larger result is
   * saved uncompressed.
   *
   * @default 1073741824, which is 1 GiB
   */
  readonly maxResultSize?: number;
  /**
   * Only read results: nothing is saved, deleted or set aside, and there are no leases. A clear writes its mark into the
   * other storages of a chain.
   *
   * @default the value of `?readonly=` in the URI, or else false
   */
  readonly readonly?: boolean;
  /** How processes that compute each key only once detect that one of them has died. */
  readonly lease?: LeaseOptions;
}

/** The options of leases, which are the right to compute a key. */
export interface LeaseOptions {
  /**
   * The time in milliseconds without a sign of life after which another process may compute the key. A live process is
   * never silent for so long, even when a task blocks its event loop. The time must be longer than a connection to the
   * storage may be interrupted.
   *
   * @default 15000
   */
  readonly expiresAfter?: number;
}

/** The valid values of these options. */
export const storageOptions: Readonly<Record<keyof StorageOptions, Allowed>> = {
  encoder: {
    includes: (value) => typeof value?.serialization?.serialize === 'function',
    text: 'what encoder(…) gives',
  },
  readonly: isBoolean,
  fsync: oneOf('worth-it', 'always', 'never'),
  encryption: oneOf('required', 'allow-plain'),
  maxResultSize: numberFrom(0, 'bytes'),
  inlineBytes: numberFrom(0, 'bytes'),
  lease: {
    includes: (value) =>
      typeof value === 'object' &&
      value !== null &&
      Object.keys(value).every((name) => name === 'expiresAfter') &&
      (value.expiresAfter === undefined ||
        (numberFrom(100).includes(value.expiresAfter) && value.expiresAfter <= 86_400_000)),
    text: '{ expiresAfter: milliseconds }, from 100 to a day',
  },
};
