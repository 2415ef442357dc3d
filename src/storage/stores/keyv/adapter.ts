import type { Awaitable } from '../../../awaitable';

/** Symbols, so that nobody else has methods of these names. */
export const listKeys = Symbol('listKeys');
export const addTo = Symbol('addTo');

/** A store adapter as packages for Keyv have it: what it does not have, or does in another way, is made up for. */
export interface KeyvAdapter {
  get(key: string): Awaitable<unknown>;
  set(key: string, value: any, ttl?: number, ...more: any[]): unknown;
  delete(key: string): unknown;
  clear?(): unknown;
  has?(key: string): unknown;
  getMany?(keys: string[]): unknown;
  setMany?(entries: { key: string; value: any }[]): unknown;
  iterator?(namespace?: string): unknown;
  entries?(): unknown;
  disconnect?(): unknown;
  on?(event: string, listener: (...args: any[]) => void): unknown;
  /** Up to so many keys behind one, of those that start with a prefix, in order: without it all entries are read. */
  [listKeys]?(after: string, prefix: string, limit: number): Promise<string[]>;
  /** Adds to the end of what is under a key in one step. Without it others may overwrite what was added. */
  [addTo]?(key: string, value: string | Uint8Array): Promise<unknown>;
}
