import { promises } from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { systemCodeOf } from '../../../base/describe-error';
import { release, retain } from '../../../base/process-id';
import type { TaskKey } from '../../../task/context';
import type { StorageOperation } from '../../errors';
import type { Folders } from '../../files/folders';
import { fsError } from '../../files/fs-error';
import { keyPath } from '../../files/key-path';
import { TemporaryFiles } from '../../files/write-file';
import { type LeaseBackend, leaseKeyOf } from '../../leases/lease';
import { ifThere, isGone, type LeaseFileOps, LeaseFolders, leaseFileOps, quietly } from './lease-files';

/** Folders may be deleted at any time, and dead owners may follow each other, but not this often during one step. */
const attempts = 5;
const folderOfLeases = '@leases';
const who = `${hostname()}/${process.pid}\n`;

/**
 * Leases as files: the owner of the lease of `Choose/0f3a` has a file named by its token in the folder
 * `@leases/Choose/0f3a`. docs/leases.md proves the protocol.
 *
 * - The folder is moved into place with the file in it, which fails while another folder with a file exists. No file is
 *   ever added to an existing folder. So there is at most one file.
 * - The result is written into this file, which is then moved to its place among the results: this publishes it, and
 *   ends the lease. To break the lease of a silent owner is to delete its file, and a deleted file cannot be moved. So a
 *   late owner cannot publish.
 * - A token is never used again, so that no process deletes the file of another owner than it intended.
 */
export class FileLeases implements LeaseBackend {
  readonly #folders: Folders;
  readonly #temporary: TemporaryFiles;
  readonly #files: LeaseFileOps;
  readonly #owned: LeaseFolders;

  constructor(folders: Folders, files: LeaseFileOps = leaseFileOps) {
    this.#folders = folders;
    this.#temporary = new TemporaryFiles(`${folders.root}/.tmp`);
    this.#files = files;
    this.#owned = new LeaseFolders(files, this.#temporary);
  }

  uri(): string {
    // With the slash, no part of the name is parsed as an option.
    return `file:${this.#folders.root}/`;
  }

  async acquire(key: TaskKey, token: string): Promise<boolean> {
    // Retained before the file exists, so that this process cannot take it for a leftover.
    retain(token);
    try {
      const isTaken = await this.#tryAcquire(key, token);
      if (!isTaken) release(token);
      return isTaken;
    } catch (error) {
      release(token);
      return this.#fail(error, 'write', key);
    }
  }

  async renew(key: TaskKey, token: string): Promise<boolean> {
    try {
      await this.#files.touch(`${this.#placeOf(key)}/${token}`);
      return true;
    } catch (error) {
      return isGone(error) ? false : this.#fail(error, 'write', key);
    }
  }

  async write(key: TaskKey, token: string, bytes: Uint8Array, durable: boolean): Promise<boolean> {
    try {
      const place = this.#placeOf(key);
      const isWritten = await this.#write(key, `${place}/${token}`, bytes, durable);
      if (isWritten) await quietly(() => this.#files.removeFolder(place));
      release(token);
      return isWritten;
    } catch (error) {
      return this.#fail(error, 'write', key);
    }
  }

  async release(key: TaskKey, token: string): Promise<void> {
    release(token);
    try {
      await this.#owned.remove(this.#placeOf(key), token);
    } catch (error) {
      this.#fail(error, 'delete', key);
    }
  }

  async peek(keys: readonly TaskKey[]): Promise<(string | undefined)[]> {
    const seen: (string | undefined)[] = [];
    for (const key of keys) {
      try {
        const place = this.#placeOf(key);
        const owner = await this.#owned.liveOwnerOf(place);
        seen.push(owner && `${owner} ${await this.#files.timeOf(`${place}/${owner}`)}`);
      } catch (error) {
        if (!isGone(error)) this.#fail(error, 'read', key);
        seen.push(undefined);
      }
    }
    return seen;
  }

  async breakLease(key: TaskKey, seen: string): Promise<void> {
    try {
      await this.#owned.remove(this.#placeOf(key), seen.slice(0, seen.indexOf(' ')));
    } catch (error) {
      this.#fail(error, 'delete', key);
    }
  }

  async clear(): Promise<void> {
    try {
      await promises.rm(this.#folders.pathOf(folderOfLeases), { recursive: true, force: true, maxRetries: 3 });
    } catch (error) {
      this.#fail(error, 'delete');
    }
  }

  async #tryAcquire(key: TaskKey, token: string): Promise<boolean> {
    const { folder, path } = keyPath(leaseKeyOf(key), 'write');
    await this.#owned.sweep(dirname(this.#placeOf(key)));
    let failure: unknown;
    for (let attempt = 1; attempt <= attempts; attempt++) {
      const place = this.#placeOf(key);
      if ((await this.#owned.liveOwnerOf(place)) !== undefined) return false;
      failure = await this.#owned.moveIn(place, token, who);
      if (failure === undefined) {
        // Makes the results of the last owner visible, even on file systems that cache names.
        await quietly(() => this.#files.refresh(dirname(this.#targetOf(key))));
        return true;
      }
      if (isGone(failure)) this.#folders.make(folder, path, this.#temporary.folder);
      else if (isInTheWay(failure)) await quietly(() => this.#files.removeFolder(place));
      else throw failure;
    }
    // Owners follow each other quickly: the caller waits and asks again.
    if (systemCodeOf(failure) === 'ENOTEMPTY' || systemCodeOf(failure) === 'EEXIST') return false;
    throw failure;
  }

  async #write(key: TaskKey, own: string, bytes: Uint8Array, durable: boolean): Promise<boolean> {
    try {
      await this.#files.fill(own, bytes, durable);
    } catch (error) {
      if (isGone(error)) return false;
      throw error;
    }
    if (!(await this.#publish(key, own))) return false;
    if (durable) await ifThere(() => this.#folders.flush(dirname(this.#targetOf(key))));
    return true;
  }

  async #publish(key: TaskKey, own: string): Promise<boolean> {
    const { folder, path } = keyPath(key, 'write');
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#files.move(own, this.#targetOf(key));
        return true;
      } catch (error) {
        if (!isGone(error) || attempt === attempts) throw error;
        // Either the source is missing, or the target folder.
        if ((await ifThere(() => this.#files.timeOf(own))) === undefined) return false;
        this.#folders.make(folder, path);
      }
    }
  }

  #placeOf(key: TaskKey): string {
    const { folder, path } = keyPath(leaseKeyOf(key), 'write');
    return `${this.#folders.pathOf(folder)}/${path}`;
  }

  #targetOf(key: TaskKey): string {
    const { folder, path } = keyPath(key, 'write');
    return `${this.#folders.pathOf(folder)}/${path}`;
  }

  #fail(error: unknown, operation: StorageOperation, key?: TaskKey): never {
    throw fsError(error, operation, this.#folders.root, key && leaseKeyOf(key));
  }
}

/** The folder of a lease exists. Some systems report an empty folder in the same way, and Windows with codes of its own. */
function isInTheWay(error: unknown): boolean {
  const words = ['ENOTEMPTY', 'EEXIST', ...(process.platform === 'win32' ? ['EPERM', 'EACCES'] : [])];
  return words.includes(systemCodeOf(error) ?? '');
}
