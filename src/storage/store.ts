import type { Awaitable } from '../base/awaitable';
import type { LeaseBackend } from './leases/lease';

/** How a value is to be kept. */
export interface SetOptions {
  /** Flush to the disk before it counts as saved, where the backend can. */
  readonly durable?: boolean;
}

/**
 * A backend: the store adapter interface of Keyv, plus optional methods that a backend may have.
 *
 * Everything may be synchronous: a method gives its result or a promise of it. Values are `Uint8Array`.
 * Keys are ASCII, of the form `Folder/name`, made of `A-Z a-z 0-9 . _ ~ % @ -` and one or two `/`.
 */
export interface StoreAdapter {
  /**
   * The value, or undefined when there is none.
   *
   * @param onPart may be given the parts of a large value as they come, in order, to work on them meanwhile
   */
  get(key: string, onPart?: (part: Uint8Array) => void): unknown;
  set(key: string, value: any, ttl?: number, options?: SetOptions): unknown;
  /** Whether there was something to delete. */
  delete(key: string): Awaitable<boolean>;
  clear(): unknown;
  has?(key: string): Awaitable<boolean>;
  /** Values in the order of their keys, undefined where there is none. With it, what is read at once is read in batches. */
  getMany?(keys: string[]): Awaitable<unknown[]>;
  /** With it, what is written at once is written in batches. */
  setMany?(entries: { key: string; value: any }[]): unknown;
  /** All entries, in no particular order. */
  iterator?(namespace?: string): AsyncIterable<[string, unknown]> | Iterable<[string, unknown]>;
  disconnect?(): Awaitable<void>;
  /** The keys that start with `prefix`, without reading values. */
  keys?(prefix: string): AsyncIterable<string> | Iterable<string>;
  /** What `keys` looks at besides what it gives: nothing, or the same folder; so what killed processes left is found by the way. */
  readonly listsFast?: 'by-prefix' | 'by-folder';
  /** How many bytes of a disk of this machine it takes. @param folder the first part of keys: only what has these */
  diskSize?(folder?: string): Awaitable<number | undefined>;
  /** Adds to the end of a value in one indivisible step, durable unless it says otherwise; makes it when it is not there. */
  append?(key: string, value: Uint8Array, options?: SetOptions): Awaitable<void>;
  /**
   * Deletes all that it holds when that cannot be read any more, so that it can be used anew; asked before all is
   * cleared. Gives whether it was so.
   *
   * @param failure why that could not be done: when it could not be since there is no room, all is deleted likewise
   */
  removeUnusable?(failure?: unknown): Awaitable<boolean>;
  /** Lets the reads that follow see all that other processes have written by now, where they would not by themselves. */
  refresh?(): void;
  /** A folder on this machine that task directories are kept in, next to entries; or what makes one when it is needed. */
  readonly folder?: string | (() => string);
  /** Whether bytes that were set are not used any more once `set` is done, and those that `get` gives are not used elsewhere. */
  readonly copies?: boolean;
  /** Who computes which key, of all processes that use the store. With it, tasks can be computed once everywhere. */
  readonly leases?: LeaseBackend | undefined;
}
