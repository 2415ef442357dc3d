import { type Dir, type Dirent, existsSync, opendir, rmdirSync, statSync, unlinkSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Awaitable, isPromiseLike } from '../../../base/awaitable';
import { systemCodeOf } from '../../../base/describe-error';
import type { StorageError, StorageOperation } from '../../errors';
import { Folders } from '../../files/folders';
import { fsError } from '../../files/fs-error';
import { fileName, keyPath, segmentOf } from '../../files/key-path';
import { readFile } from '../../files/read-file';
import { sizeOnDisk } from '../../files/size-on-disk';
import { isUnwritten } from '../../files/write-file';
import type { LeaseBackend } from '../../leases/lease';
import type { SetOptions, StoreAdapter } from '../../store';
import { FileWriter } from './file-writer';

const openLater = promisify(opendir);

/** The number of names per read: the event loop is free in between. */
const namesPerRead = 512;

/** Lists the keys with a prefix, in batches, of a folder whose keys start with `own`. */
async function* listKeys(path: string, own: string, prefix: string): AsyncGenerator<string[]> {
  if (!own.startsWith(prefix) && !prefix.startsWith(own)) return;
  const inner: string[][] = [];
  for await (const entries of batchesOf(path)) {
    const keys: string[] = [];
    for (const entry of entries) {
      const segment = segmentOf(entry.name);
      if (segment === undefined || fileName(segment) !== entry.name) continue;
      const key = own + segment;
      if (!entry.isDirectory()) keys.push(key);
      else if (holdsKeys(own, segment)) inner.push([`${path}/${entry.name}`, `${key}/`]);
    }
    yield keys.filter((key) => key.startsWith(prefix));
  }
  for (const [folder = '', start = ''] of inner) yield* listKeys(folder, start, prefix);
}

async function* batchesOf(path: string): AsyncGenerator<Dirent[]> {
  const folder = await openFolder(path);
  if (folder === undefined) return;
  try {
    for (let first = await folder.read(); first !== null; first = await folder.read()) {
      const entries = [first];
      // The rest of the batch is in memory, where a promise for each entry would cost more than the read.
      for (let next: Dirent | null; entries.length < namesPerRead && (next = folder.readSync()) !== null; )
        entries.push(next);
      yield entries;
    }
  } finally {
    await folder.close();
  }
}

/** Undefined when it is not a folder, or no longer exists. */
async function openFolder(path: string): Promise<Dir | undefined> {
  try {
    return await openLater(path, { bufferSize: namesPerRead });
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT' || systemCodeOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** A key has at most three parts; `<name>.d` beside results is the folder of a task directory. */
function holdsKeys(own: string, segment: string): boolean {
  return own.indexOf('/') === own.length - 1 && (own.startsWith('@') || !segment.endsWith('.d'));
}

type Value = Uint8Array | undefined;

/** Longer than it takes to write an existing small file. */
const maxWriteTime = 20;

/**
 * Keeps each entry in a file: `Choose/0f3a…` is `<folder>/Choose/0f3a…`.
 *
 * Any number of processes may use one folder, and may be killed at any time: a file under the name of a key is whole, or
 * was made and not written yet, which counts as no entry. Nothing is touched before the first use. Small values are read
 * and written synchronously. Methods throw, or reject with, a {@link StorageError}.
 */
export class FileStore implements StoreAdapter {
  readonly copies = true;
  readonly listsFast = 'by-folder';
  readonly folder: string;
  readonly #folders: Folders;
  readonly #writer: FileWriter;
  #leases: LeaseBackend | undefined;
  /** A failed open costs more than a check before it, a check costs more than a successful open. */
  #expectsHit = false;

  constructor(folder: string) {
    this.folder = resolve(folder);
    this.#folders = new Folders(this.folder);
    this.#writer = new FileWriter(this.#folders);
  }

  /** The leases on keys. */
  get leases(): LeaseBackend {
    const { FileLeases } = require('./file-leases') as typeof import('./file-leases');
    return (this.#leases ??= new FileLeases(this.#folders));
  }

  get(key: string, onPart?: (part: Uint8Array) => void): Awaitable<Value> {
    try {
      const { folder, path: file } = keyPath(key, 'read');
      const path = `${this.#folders.pathOf(folder)}/${file}`;
      if (!this.#expectsHit && !(this.#folders.exists(folder) && existsSync(path))) return undefined;
      const value = readFile(path, onPart);
      this.#expectsHit = true;
      if (isPromiseLike(value)) return value.then(undefined, (error) => this.#fail(error, 'read', key));
      if (value.byteLength > 0) return value;
      return isUnwritten(statSync(path, { bigint: true })) ? undefined : this.#lookAgain(key, path);
    } catch (error) {
      return this.#nothing(error, key);
    }
  }

  has(key: string): boolean {
    try {
      const path = this.#path(key, 'read');
      const found = existsSync(path) ? statSync(path, { bigint: true, throwIfNoEntry: false }) : undefined;
      return found?.isFile() === true && !isUnwritten(found);
    } catch (error) {
      return this.#fail(error, 'read', key);
    }
  }

  /** Replaces the value in one step: other processes see the old or the new one. Entries have no time to live. */
  set(key: string, value: Uint8Array, _ttl?: number, options?: SetOptions): Awaitable<true> {
    return this.#writer.replace(key, value, options?.durable === true);
  }

  /** Appends of several processes are never mixed; a concurrent reader may see the beginning of an append. */
  append(key: string, value: Uint8Array, options?: SetOptions): Awaitable<void> {
    return this.#writer.append(key, value, options?.durable !== false);
  }

  delete(key: string): boolean {
    try {
      unlinkSync(this.#path(key, 'delete'));
      return true;
    } catch (error) {
      return systemCodeOf(error) === 'ENOENT' ? false : this.#fail(error, 'delete', key);
    }
  }

  /** Deletes all entries, and the folders that become empty. Other files stay. */
  async clear(): Promise<void> {
    const keys: string[] = [];
    for await (const key of this.keys()) keys.push(key);
    for (const key of keys) this.delete(key);
    for (const folder of new Set(keys.map((key) => dirname(this.#path(key, 'delete'))))) this.#removeEmpty(folder);
  }

  async *keys(prefix = ''): AsyncGenerator<string> {
    try {
      for (const [folder, name] of this.#folders.list()) {
        for await (const keys of listKeys(`${this.#folders.root}/${name}`, `${folder}/`, prefix)) {
          for (const key of keys) yield key;
        }
      }
    } catch (error) {
      this.#fail(error, 'list');
    }
  }

  /** In whole blocks, with task directories and other files in the folder. */
  async diskSize(folder?: string): Promise<number> {
    try {
      return await sizeOnDisk(folder === undefined ? this.#folders.root : this.#folders.pathOf(folder));
    } catch (error) {
      return this.#fail(error, 'list');
    }
  }

  async *iterator(): AsyncGenerator<[string, Uint8Array]> {
    for await (const key of this.keys()) {
      const value = await this.get(key);
      if (value !== undefined) yield [key, value];
    }
  }

  /** Resolves when all pending writes have finished or failed. */
  disconnect(): Promise<void> {
    return this.#writer.idle();
  }

  /** On a file system that does not record creation times, an empty file may still be about to be written. */
  async #lookAgain(key: string, path: string): Promise<Value> {
    await wait(maxWriteTime);
    try {
      return await readFile(path);
    } catch (error) {
      return this.#nothing(error, key);
    }
  }

  #nothing(error: unknown, key: string): undefined {
    if (systemCodeOf(error) !== 'ENOENT') this.#fail(error, 'read', key);
    this.#expectsHit = false;
    return undefined;
  }

  #path(key: string, operation: StorageOperation): string {
    const { folder, path } = keyPath(key, operation);
    return `${this.#folders.pathOf(folder)}/${path}`;
  }

  #removeEmpty(folder: string): void {
    try {
      for (let at = folder; at !== this.#folders.root; at = dirname(at)) rmdirSync(at);
    } catch {
      // It holds a file of another program, or a new entry.
    }
  }

  #fail(error: unknown, operation: StorageOperation, key?: string): never {
    throw fsError(error, operation, this.#folders.root, key);
  }
}
