import { type Allowed, isBoolean, numberFrom, oneOf } from '../base/check-options';
import type { Encoder } from '../encoding/encoder';

/** The default of `maxResultSize`. */
export const defaultMaxResultSize = 2 ** 30;

/** How a storage keeps results. */
export interface StorageOptions {
  /**
   * How results become bytes, unless their task says otherwise. What is encrypted here is encrypted whatever the
   * task says.
   */
  readonly encoder?: Encoder;
  /**
   * Which results are flushed to the disk before they count as saved: those that took 20 ms or more to
   * compute, all or none. One that was not and is torn by a power cut is noticed and computed again.
   *
   * @default 'worth-it'
   */
  readonly fsync?: 'worth-it' | 'always' | 'never';
  /** Results up to this many bytes are kept in one entry with their record. @default 32768 */
  readonly inlineBytes?: number;
  /**
   * Whether results that are not encrypted count where there is an encrypter: whoever can write to the storage can
   * put such results there.
   *
   * @default 'required'
   */
  readonly encryption?: 'required' | 'allow-plain';
  /**
   * The most bytes that a result is decompressed to: a record that states more is not loaded. A larger result is
   * saved uncompressed.
   *
   * @default 1073741824, which is 1 GiB
   */
  readonly maxResultSize?: number;
  /**
   * Whether results are only read here: nothing is saved, deleted or set aside, and there are no leases. A clear leaves
   * its mark in the other layers of a chain.
   *
   * @default what `?readonly=` in the URI says, or else false
   */
  readonly readonly?: boolean;
  /** How processes that compute the same key once find out that one of them is gone. */
  readonly lease?: LeaseOptions;
}

/** How long the right to compute a key lasts. */
export interface LeaseOptions {
  /**
   * After how many milliseconds without a sign of life another process may compute the key. A process that works is
   * never silent for so long, even when a task blocks its event loop; the time must be longer than a connection to the
   * storage can be away.
   *
   * @default 15000
   */
  readonly expiresAfter?: number;
}

/** The values that these options may have. */
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
