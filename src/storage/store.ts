import type { Awaitable } from '../base/awaitable';
import type { LeaseBackend } from './leases/lease';

/** How to store a value. */
export interface SetOptions {
  /** Flush to the disk before it counts as saved, if the backend can. */
  readonly durable?: boolean;
}

/**
 * A backend: the store adapter interface of Keyv, with further optional methods.
 *
 * A method returns its result or a promise of it. Values are `Uint8Array`. Keys are ASCII, of the form `Folder/name`:
 * the characters `A-Z a-z 0-9 . _ ~ % @ -`, and one or two `/`.
 */
export interface StoreAdapter {
  /**
   * The value; undefined if there is none.
   *
   * @param onPart receives the parts of a large value, in order, while the rest is being read; optional to call
   */
  get(key: string, onPart?: (part: Uint8Array) => void): unknown;
  set(key: string, value: any, ttl?: number, options?: SetOptions): unknown;
  /** Deletes a value. Returns false if there was none. */
  delete(key: string): Awaitable<boolean>;
  clear(): unknown;
  has?(key: string): Awaitable<boolean>;
  /** The values in the order of their keys, undefined if there is none. Enables batches of reads. */
  getMany?(keys: string[]): Awaitable<unknown[]>;
  /** Enables batches of writes. */
  setMany?(entries: { key: string; value: any }[]): unknown;
  /** All entries, in no particular order. */
  iterator?(namespace?: string): AsyncIterable<[string, unknown]> | Iterable<[string, unknown]>;
  disconnect?(): Awaitable<void>;
  /** The keys with a prefix, without reading values. */
  keys?(prefix: string): AsyncIterable<string> | Iterable<string>;
  /** What `keys` scans besides the keys it returns: nothing, or their folder. Enables the removal of leftovers of killed processes. */
  readonly listsFast?: 'by-prefix' | 'by-folder';
  /** The disk space on this machine, in bytes. @param folder only entries whose keys have this first part */
  diskSize?(folder?: string): Awaitable<number | undefined>;
  /** Adds to the end of a value in one atomic step, durably unless the options say otherwise; creates a missing value. */
  append?(key: string, value: Uint8Array, options?: SetOptions): Awaitable<void>;
  /**
   * Deletes all entries if they can no longer be read, so that the store can be used again; called before everything is
   * cleared. Returns true if it did.
   *
   * @param failure why entries could not be deleted one by one: if the disk is full, all are deleted too
   */
  removeUnusable?(failure?: unknown): Awaitable<boolean>;
  /** Makes the following reads see everything that other processes have written by now, if they would not anyway. */
  refresh?(): void;
  /** A folder on this machine for task directories, or a function that makes one at the first use. */
  readonly folder?: string | (() => string);
  /** The store keeps no reference to bytes it was given once `set` is done, and none to bytes that `get` returned. */
  readonly copies?: boolean;
  /** The leases on keys, shared by all processes that use the store. Enables `once: 'everywhere'`. */
  readonly leases?: LeaseBackend | undefined;
}
