import type { Awaitable } from '../../../base/awaitable';
import { showValue } from '../../../base/show';
import { StorageError } from '../../errors';

/** Symbols cannot clash with the methods of an adapter. */
export const listKeys = Symbol('listKeys');
export const appendTo = Symbol('addTo');

/** A store adapter of a package for Keyv; `KeyvStore` fills in for missing and deviating methods. */
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
  /** The next `limit` keys with a prefix behind `after`, in order. Without it, all entries are read. */
  [listKeys]?(after: string, prefix: string, limit: number): Promise<string[]>;
  /** Adds to the end of a value in one step. Without it, another process may overwrite the addition. */
  [appendTo]?(key: string, value: string | Uint8Array): Promise<unknown>;
}

/** The names of expiry times of a Keyv or an adapter. */
const times = ['ttl', 'expires'];

/**
 * Refuses options of a Keyv or an adapter that cannot be honoured: results have no time to live, and values bypass the
 * Keyv.
 *
 * @param name its name in messages
 * @throws {StorageError}
 */
export function checkKeyvOptions(source: object, name: string): void {
  const places = [source, (source as { opts?: object }).opts ?? {}] as Readonly<Record<string, unknown>>[];
  for (const time of times) {
    const value = places.map((place) => place[time]).find(isTime);
    if (value !== undefined)
      refuse(
        `${name} has ${time}: ${showValue(value)}, but results must not expire one by one, since a clear mark could expire before the results that it is on. Leave ${time} out; for results that are valid for a limited time, use a param or a fingerprint() that changes, such as the day`,
      );
  }
  if (places.some(({ compression }) => compression !== undefined))
    refuse(
      `${name} has compression, which would have no effect, since its store is used directly. Leave it out, and pass an encoder to the storage: Storage.open(store, { encoder: encoder({ compressor: gzip() }) })`,
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

/** A page of the keys in an adapter. */
interface KeyPage {
  readonly keys: readonly string[];
  readonly isLast: boolean;
}

/**
 * The keys behind `last`: those with the prefix, or all, depending on the adapter.
 *
 * @param namespace passed to the iterator of the adapter @throws an error when it cannot list
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

/** Collects all keys first: an adapter that pages by offset skips some when others are deleted meanwhile. */
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
