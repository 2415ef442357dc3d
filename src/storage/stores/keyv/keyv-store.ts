import { randomUUID } from 'node:crypto';
import { types } from 'node:util';
import { type Awaitable, andThen } from '../../../base/awaitable';
import type { SetOptions, StoreAdapter } from '../../store';
import { appendTo, type KeyvAdapter, nextKeys } from './adapter';
import { AdapterConnection, keyvError } from './connection';

/** The prefix of bytes that are stored as text. It is not part of base64, so that such texts may be concatenated. */
const MARK = 'base64:';

/** Encodes bytes for a backend that stores text only. */
function toText(bytes: Uint8Array): string {
  return MARK + bufferOf(bytes).toString('base64');
}

/** Decodes a value of an adapter; values that Tidemark has not saved are returned as they are. */
function fromStored(value: unknown): unknown {
  if (value === null) return undefined;
  if (typeof value === 'string' && value.startsWith(MARK)) return fromText(value);
  return types.isArrayBuffer(value) ? new Uint8Array(value) : value;
}

/** The same bytes, in memory of their own. */
function ownBytes(value: Uint8Array): Uint8Array {
  return value.byteLength === value.buffer.byteLength ? new Uint8Array(value.buffer) : new Uint8Array(value);
}

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

function fromText(text: string): Uint8Array {
  const isOne = !text.includes(MARK, 1);
  const texts = isOne ? [text.slice(MARK.length)] : text.split(MARK);
  const parts = texts.map((each) => Buffer.from(each, 'base64'));
  return ownBytes(isOne ? parts[0]! : Buffer.concat(parts));
}

/** Every byte value; not valid text in any encoding. */
const sample = Uint8Array.from({ length: 256 }, (_, i) => i);

/**
 * Finds out if an adapter returns bytes as they were set, or stores text only. It is tested with a key of its own, so
 * that no value is ever stored in the wrong form, even if the process is killed.
 *
 * @throws the error of the adapter; an error when it stores neither
 */
async function storesBytes(adapter: Pick<KeyvAdapter, 'get' | 'set' | 'delete'>): Promise<boolean> {
  const key = `@probe/${randomUUID()}`;
  // Read first, so that an unreachable server is not taken for one that refuses bytes.
  await adapter.get(key);
  try {
    const stays = await bytesComeBack(adapter, key);
    if (stays) return true;
    await adapter.set(key, toText(sample));
    if (isSample(fromStored(await adapter.get(key)))) return false;
    throw new Error('neither bytes nor text come back as they were set');
  } finally {
    await Promise.resolve(adapter.delete(key)).catch(() => undefined);
  }
}

async function bytesComeBack(adapter: Pick<KeyvAdapter, 'get' | 'set'>, key: string): Promise<boolean> {
  try {
    await adapter.set(key, bufferOf(sample.slice()));
    return isSample(await adapter.get(key));
  } catch {
    return false;
  }
}

function isSample(value: unknown): boolean {
  return ArrayBuffer.isView(value) && bufferOf(value as Uint8Array).equals(sample);
}

/** What is known about an adapter. Its abilities are those of its methods, unless it is opened later. */
interface KeyvStoreOptions {
  /** The name in messages. @default the name of its class */
  readonly location?: string;
  /** A prefix of all keys. @default '' */
  readonly prefix?: string;
  /** All entries with the prefix belong to Tidemark. @default false */
  readonly isOwn?: boolean;
  readonly readsMany?: boolean;
  readonly writesMany?: boolean;
  readonly appends?: boolean;
}

/** The number of values to delete at once, since they may be large. */
const CLEARED_AT_ONCE = 16;

interface Entry {
  readonly key: string;
  readonly value: Uint8Array;
}

/**
 * Keeps entries in a Keyv store adapter, and fills in for its missing and deviating methods.
 *
 * Bytes come back exactly as they were saved. The first save finds out if the adapter stores bytes; otherwise they are
 * stored as base64. Each entry shows its form, so that reading needs no test. Errors that an adapter reports by an event
 * are thrown. Methods throw, or reject with, a {@link StorageError}.
 *
 * @example
 * const store = new KeyvStore(new KeyvPostgres('postgres://postgres@127.0.0.1/test'));
 * await store.set('Choose/0f3a', Uint8Array.of(1, 2, 3));
 * await store.get('Choose/0f3a'); // Uint8Array [1, 2, 3]
 */
export class KeyvStore implements StoreAdapter {
  readonly copies: boolean;
  readonly getMany?: (keys: string[]) => Awaitable<unknown[]>;
  readonly setMany?: (entries: readonly Entry[]) => Awaitable<true>;
  readonly append?: (key: string, value: Uint8Array) => Awaitable<void>;
  readonly #connection: AdapterConnection;
  readonly #prefix: string;
  readonly #isOwn: boolean;
  /** The adapter stores bytes as bytes: tested by the first save. */
  #keepsBytes: Awaitable<boolean> | undefined;
  #tellsOfDeletion = false;

  /** @param source an adapter, or a function that makes one at the first use */
  constructor(source: KeyvAdapter | (() => KeyvAdapter), options: KeyvStoreOptions = {}) {
    this.#connection = new AdapterConnection(source, options.location ?? nameOf(source));
    this.#prefix = options.prefix ?? '';
    this.#isOwn = options.isOwn ?? false;
    // Other adapters may keep references to the bytes that they are given or return.
    this.copies = this.#isOwn;
    if (options.readsMany ?? can(source, 'getMany')) this.getMany = (keys) => this.#getMany(keys);
    if (options.writesMany ?? can(source, 'setMany')) this.setMany = (entries) => this.#setMany(entries);
    if (options.appends ?? can(source, appendTo)) this.append = (key, value) => this.#append(key, value);
  }

  get(key: string): Awaitable<unknown> {
    const value = this.#connection.use('read', key, (adapter) => adapter.get(this.#prefix + key), isNothing);
    return andThen(value, (given) => this.#restore(given));
  }

  has(key: string): Awaitable<boolean> {
    const ask = (adapter: KeyvAdapter): unknown => {
      const name = this.#prefix + key;
      return adapter.has ? adapter.has(name) : andThen(adapter.get(name), (value) => !isNothing(value));
    };
    return andThen(this.#connection.use('read', key, ask, isNotTrue), Boolean);
  }

  /** Entries have no time to live. */
  set(key: string, value: Uint8Array, _ttl?: number, options?: SetOptions): Awaitable<true> {
    return this.#write(key, (adapter, form) => adapter.set(this.#prefix + key, form(value), undefined, options));
  }

  delete(key: string): Awaitable<boolean> {
    // An adapter need not report if there was something to delete.
    return andThen(this.#tellsOfDeletion || this.has(key), (wasThere) => {
      const done = this.#connection.use('delete', key, (adapter) => adapter.delete(this.#prefix + key), isNotTrue);
      return andThen(done, (told) => {
        this.#tellsOfDeletion = typeof told === 'boolean';
        return typeof told === 'boolean' ? told : wasThere;
      });
    });
  }

  /** Deletes everything of Tidemark: in a shared adapter, only the entries that hold bytes. */
  async clear(): Promise<void> {
    if (this.#isOwn && this.#prefix === '') {
      await this.#connection.use('delete', undefined, (adapter) => adapter.clear?.(), isNotTrue);
      return;
    }
    const deleteBytes = async (key: string) => ArrayBuffer.isView(await this.get(key)) && (await this.delete(key));
    let group: string[] = [];
    for await (const key of this.keys()) {
      if (group.push(key) < CLEARED_AT_ONCE) continue;
      await Promise.all(group.map(deleteBytes));
      group = [];
    }
    await Promise.all(group.map(deleteBytes));
  }

  async *keys(prefix = ''): AsyncGenerator<string> {
    const start = this.#prefix + prefix;
    const namespace = this.#prefix === '' ? undefined : this.#prefix.slice(0, -1);
    for (let last = ''; ; ) {
      const list = (adapter: KeyvAdapter) => nextKeys(adapter, last, start, namespace);
      const { keys, isLast } = await this.#connection.use('list', undefined, list, () => true);
      for (const key of keys) if (key.startsWith(start)) yield key.slice(this.#prefix.length);
      if (isLast) return;
      last = keys.at(-1)!;
    }
  }

  async *iterator(): AsyncGenerator<[string, Uint8Array]> {
    for await (const key of this.keys()) {
      const value = await this.get(key);
      if (ArrayBuffer.isView(value)) yield [key, value as Uint8Array];
    }
  }

  /** Resolves when all pending operations have finished or failed, and the adapter is disconnected. */
  disconnect(): Promise<void> {
    return this.#connection.close();
  }

  #getMany(keys: string[]): Awaitable<unknown[]> {
    const names = keys.map((key) => this.#prefix + key);
    const read = (adapter: KeyvAdapter) => adapter.getMany!(names) as Awaitable<unknown[]>;
    const values = this.#connection.use('read', undefined, read, (given) => !given?.length || given.some(isNothing));
    return andThen(values, (given) => names.map((_, i) => this.#restore(given?.[i])));
  }

  #setMany(entries: readonly Entry[]): Awaitable<true> {
    return this.#write(undefined, (adapter, form) => {
      // Databases refuse a key twice in one statement, and two writers with different orders deadlock.
      const values = new Map(entries.map(({ key, value }) => [this.#prefix + key, form(value)]));
      const sorted = [...values].sort(([a], [b]) => (a < b ? -1 : 1));
      return adapter.setMany!(sorted.map(([key, value]) => ({ key, value })));
    });
  }

  #append(key: string, value: Uint8Array): Awaitable<void> {
    const done = this.#write(key, (adapter, form) => adapter[appendTo]!(this.#prefix + key, form(value)));
    return andThen(done, () => undefined);
  }

  #write(
    key: string | undefined,
    write: (adapter: KeyvAdapter, form: (value: Uint8Array) => Buffer | string) => unknown,
  ): Awaitable<true> {
    return andThen(this.#form(key), (bytes) => {
      const done = this.#connection.use(
        'write',
        key,
        (adapter) => write(adapter, bytes ? bufferOf : toText),
        isNotTrue,
      );
      return andThen(done, (told) => {
        if (told !== false && !(Array.isArray(told) && told.includes(false))) return true;
        throw keyvError(new Error('it refuses the value'), 'write', this.#connection.location, key);
      });
    });
  }

  #form(key: string | undefined): Awaitable<boolean> {
    if (this.#keepsBytes !== undefined) return this.#keepsBytes;
    const use = (call: (adapter: KeyvAdapter) => unknown) => this.#connection.use('write', key, call, () => false);
    const found = storesBytes({
      get: (name) => use((adapter) => adapter.get(this.#prefix + name)),
      set: (name, value) => use((adapter) => adapter.set(this.#prefix + name, value)),
      delete: (name) => use((adapter) => adapter.delete(this.#prefix + name)),
    });
    this.#keepsBytes = found.then(
      (bytes) => (this.#keepsBytes = bytes),
      (error) => {
        this.#keepsBytes = undefined;
        throw keyvError(error, 'write', this.#connection.location, key);
      },
    );
    return this.#keepsBytes;
  }

  #restore(given: unknown): unknown {
    const value = fromStored(given);
    return this.copies && ArrayBuffer.isView(value) ? ownBytes(value as Uint8Array) : value;
  }
}

/**
 * Wraps a Keyv adapter. An adapter with `append`, `copies` or `leases` is made for Tidemark, and is used directly.
 */
export function wrapAdapter(adapter: KeyvAdapter | StoreAdapter): StoreAdapter {
  const isOurs = 'append' in adapter || 'copies' in adapter || 'leases' in adapter;
  return isOurs ? (adapter as StoreAdapter) : new KeyvStore(adapter as KeyvAdapter);
}

function can(source: object, method: PropertyKey): boolean {
  return typeof (source as any)[method] === 'function';
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null;
}

function isNotTrue(result: unknown): boolean {
  return result !== true;
}

function nameOf(source: object): string {
  const name = source.constructor?.name;
  return name === undefined || name === 'Object' || name === 'Function' ? 'a store' : name;
}
