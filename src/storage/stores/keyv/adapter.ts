import type { Awaitable } from '../../../base/awaitable';
import { showValue } from '../../../base/show';
import { StorageError } from '../../errors';

/** Symbols, so that nobody else has methods of these names. */
export const listKeys = Symbol('listKeys');
export const appendTo = Symbol('addTo');

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
  [appendTo]?(key: string, value: string | Uint8Array): Promise<unknown>;
}

/** Names under which a Keyv or an adapter has a time after which entries expire. */
const times = ['ttl', 'expires'];

/**
 * Refuses a Keyv or an adapter that would not do what it was made for: results have no time to live, and values do not
 * go through a Keyv but into its store.
 *
 * @param name what to call it
 * @throws {StorageError}
 */
export function checkKeyvOptions(source: object, name: string): void {
  const places = [source, (source as { opts?: object }).opts ?? {}] as Readonly<Record<string, unknown>>[];
  for (const time of times) {
    const value = places.map((place) => place[time]).find(isTime);
    if (value !== undefined)
      refuse(
        `${name} has ${time}: ${showValue(value)}, but results must not expire one by one, since a clear mark could go before the results that it is on. Leave ${time} out, and give results that count for a time a param or a fingerprint() that says so, such as the day`,
      );
  }
  if (places.some(({ compression }) => compression !== undefined))
    refuse(
      `${name} has compression, which would not be used: its store is used directly. Leave it out, and give the storage an encoder: Storage.open(store, { encoder: encoder({ compressor: gzip() }) })`,
    );
}

function isTime(value: unknown): boolean {
  return (typeof value === 'number' && value > 0) || (typeof value === 'string' && value !== '');
}

function refuse(problem: string): never {
  throw new StorageError(problem, { operation: 'open' });
}

type Entries = AsyncIterable<unknown> | Iterable<unknown>;

const PAGE = 1000;

/** Some of the keys that an adapter holds. */
interface KeyPage {
  readonly keys: readonly string[];
  readonly isLast: boolean;
}

/**
 * The next keys behind `last`: those that start with `prefix`, or all, as the adapter can.
 *
 * @param namespace what the adapter is to look for, where it can @throws an error when it cannot list
 */
export async function nextKeys(
  adapter: KeyvAdapter,
  last: string,
  prefix: string,
  namespace: string | undefined,
): Promise<KeyPage> {
  if (!adapter[listKeys]) return { keys: await allKeys(adapter, namespace), isLast: true };
  const keys = await adapter[listKeys](last, prefix, PAGE);
  return { keys, isLast: keys.length < PAGE };
}

/** All of them before any is used: adapters that count through what is there leave out some when others are deleted. */
async function allKeys(adapter: KeyvAdapter, namespace: string | undefined): Promise<string[]> {
  const keys: string[] = [];
  for await (const entry of await entriesOf(adapter, namespace)) {
    const key: unknown = Array.isArray(entry) ? entry[0] : entry;
    if (typeof key === 'string') keys.push(key);
  }
  return keys;
}

async function entriesOf(adapter: KeyvAdapter, namespace: string | undefined): Promise<Entries> {
  const given: unknown = adapter.iterator ? await adapter.iterator(namespace) : (adapter.entries?.() ?? adapter);
  if (isIterable(given)) return given;
  if (typeof (given as Iterator<unknown>).next === 'function')
    return { [Symbol.asyncIterator]: () => given as AsyncIterator<unknown> };
  throw Object.assign(new Error('no iterator()'), { code: 'NO_ITERATOR' });
}

function isIterable(value: unknown): value is Entries {
  return typeof value === 'object' && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value);
}
