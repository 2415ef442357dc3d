import { resolve } from 'node:path';
import { StorageError, type StorageOperation } from '../../errors';
import { sizeOnDisk } from '../../files/size-on-disk';
import type { SetOptions, StoreAdapter } from '../../store';
import { type Database, hasData, openDatabase, removeFiles } from './database';
import { causeOf, isOfFullDisk, isUnusable, lmdbError } from './lmdb-error';

/** LMDB allows 1,978 bytes, and needs some of them. */
const KEY = /^[\x21-\x7e]{1,1900}$/;
/** The number of keys per read: the event loop is free in between. */
const BATCH = 512;

/**
 * Keeps entries in an LMDB database: `data.mdb` and `lock.mdb` in a folder.
 *
 * Any number of processes and worker threads may use one folder, and may be killed at any time. Nothing is touched
 * before the first use, and no folder is made before the first write. Reads are synchronous; concurrent writes are one
 * transaction. Methods throw, or reject with, a {@link StorageError}.
 *
 * A write is done when it is committed: all processes see it, and it outlives this one. A durable write is done when it
 * is flushed to the disk as well. LMDB flushes each transaction right after its commit (`lmdb` 3.5 reports a commit only
 * then), so that a power cut undoes at most the last transactions, each as a whole. Changes of bytes from outside are not
 * noticed.
 *
 * The folder must be on a disk of this machine, since LMDB maps its file into memory. For the same reason a truncated
 * file can end the process with a bus error, which no program can catch. A file that is not LMDB's is refused.
 *
 * @example
 * const store = new LmdbStore('.tidemark');
 * await store.set('Choose/0f3a', Uint8Array.of(1, 2, 3));
 * store.get('Choose/0f3a'); // Uint8Array [1, 2, 3]
 * await store.disconnect();
 */
export class LmdbStore implements StoreAdapter {
  readonly copies = true;
  readonly listsFast = 'by-prefix';
  readonly #folder: string;
  readonly #writing = new Set<Promise<void>>();
  readonly #isReadonly: boolean;
  #database: Database | undefined;

  constructor(folder: string, { isReadonly = false } = {}) {
    this.#folder = resolve(folder);
    this.#isReadonly = isReadonly;
  }

  /**
   * Makes the following reads see everything that other processes have committed by now: `lmdb` reads the state at the
   * last turn of the event loop.
   */
  refresh(): void {
    this.#database?.resetReadTxn();
  }

  get(key: string): Uint8Array | undefined {
    return this.#read('read', key, (database) => ownBytes(database.getBinary(key)));
  }

  has(key: string): boolean {
    this.refresh();
    return this.#read('read', key, (database) => holds(database, key)) ?? false;
  }

  /** Entries have no time to live. */
  async set(key: string, value: Uint8Array, _ttl?: number, options?: SetOptions): Promise<true> {
    await this.#write('write', key, options?.durable === true, (database) => put(database, key, value));
    return true;
  }

  async append(key: string, value: Uint8Array, options?: SetOptions): Promise<void> {
    await this.#write('write', key, options?.durable !== false, (database) =>
      database.transaction(() => {
        const before = database.getBinary(key);
        // Inside a transaction it is synchronous.
        void database.put(key, before === undefined ? bufferOf(value) : Buffer.concat([before, value]));
      }),
    );
  }

  async delete(key: string): Promise<boolean> {
    if (!this.has(key)) return false;
    await this.#write('delete', key, false, (database) => database.remove(key));
    return true;
  }

  /** Deletes all entries. The files keep their size, and are reused. */
  async clear(): Promise<void> {
    if (this.#isEmpty()) return;
    await this.#write('delete', undefined, false, (database) => database.clearAsync());
  }

  /** Deletes a database that can no longer be opened, for example after its first write was cut short, or that has no room. */
  async removeUnusable(failure?: unknown): Promise<boolean> {
    const error = failure ?? this.#whyUnusable();
    // On a full disk, even a deletion takes room.
    if (error === undefined || !(isUnusable(error) || isOfFullDisk(error))) return false;
    await this.disconnect();
    if (!removeFiles(this.#folder)) throw error;
    return true;
  }

  #whyUnusable(): unknown {
    try {
      for (const _ of this.keys());
      return undefined;
    } catch (error) {
      return error;
    }
  }

  *keys(prefix = ''): Generator<string> {
    this.refresh();
    // Keys have characters up to "~", so that this is behind all keys with the prefix.
    let range: object = prefix === '' ? { limit: BATCH } : { start: prefix, end: `${prefix}\x7f`, limit: BATCH };
    for (;;) {
      // All are read before any is yielded: while a cursor is open, LMDB cannot reuse deleted pages.
      const keys = this.#read('list', undefined, (database) => [...database.getKeys(range)]) ?? [];
      yield* keys;
      if (keys.length < BATCH) return;
      range = { ...range, start: keys.at(-1), exclusiveStart: true };
    }
  }

  /** Of the whole database: the pages of a folder are not known. */
  async diskSize(folder?: string): Promise<number | undefined> {
    return folder === undefined ? sizeOnDisk(this.#folder) : undefined;
  }

  *iterator(): Generator<[string, Uint8Array]> {
    for (const key of this.keys()) {
      const value = this.get(key);
      if (value !== undefined) yield [key, value];
    }
  }

  /** Resolves when all pending writes have finished or failed, and the files are closed. */
  async disconnect(): Promise<void> {
    const database = this.#database;
    this.#database = undefined;
    await Promise.allSettled(this.#writing);
    await database?.close();
  }

  /** Undefined when there is no database yet: a read does not make one. */
  #read<T>(operation: StorageOperation, key: string | undefined, work: (database: Database) => T): T | undefined {
    try {
      checkKey(key, operation);
      return this.#isEmpty() ? undefined : work(this.#opened());
    } catch (error) {
      throw lmdbError(error, operation, this.#folder, key);
    }
  }

  async #write(
    operation: StorageOperation,
    key: string | undefined,
    durable: boolean,
    work: (database: Database) => Promise<unknown>,
  ): Promise<void> {
    try {
      checkKey(key, operation);
      const writing = commit(this.#opened(), durable, work);
      this.#writing.add(writing);
      await writing.finally(() => this.#writing.delete(writing));
    } catch (error) {
      throw lmdbError(await causeOf(error), operation, this.#folder, key);
    }
  }

  #isEmpty(): boolean {
    return this.#database === undefined && !hasData(this.#folder);
  }

  #opened(): Database {
    this.#database ??= openDatabase(this.#folder, this.#isReadonly);
    return this.#database;
  }
}

function put(database: Database, key: string, value: Uint8Array): Promise<boolean> {
  const written = database.put(key, bufferOf(value));
  // `lmdb` adds its address to the buffer, which may be a result that the caller continues to use.
  delete (value.buffer as { address?: number }).address;
  return written;
}

async function commit(
  database: Database,
  durable: boolean,
  work: (database: Database) => Promise<unknown>,
): Promise<void> {
  const committed = work(database);
  // Requested at once: later it would refer to other transactions. If the commit fails, that error counts.
  const flushed = durable ? database.flushed.then() : undefined;
  flushed?.catch(() => undefined);
  await committed;
  await flushed;
}

function holds(database: Database, key: string): boolean {
  for (const found of database.getKeys({ start: key, limit: 1 })) return found === key;
  return false;
}

/** In memory of their own. */
function ownBytes(value: Buffer | undefined): Uint8Array | undefined {
  if (value === undefined) return undefined;
  return value.byteLength === value.buffer.byteLength ? new Uint8Array(value.buffer) : new Uint8Array(value);
}

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

function checkKey(key: string | undefined, operation: StorageOperation): void {
  if (key === undefined || KEY.test(key)) return;
  throw new StorageError(
    `${JSON.stringify(key)} cannot be kept in LMDB: a key is 1 to 1,900 ASCII characters, none of them a space.`,
    { operation, key },
  );
}
