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

/** Folders may be deleted at any time, and dead owners follow each other; so often during one step is no accident. */
const attempts = 5;
const folderOfLeases = '@leases';
const who = `${hostname()}/${process.pid}\n`;

/**
 * Leases as files: whoever has the lease of `Choose/0f3a` has a file of his own, named by his token, in the folder
 * `@leases/Choose/0f3a`. Why nothing goes wrong is explained in docs/leases.md.
 *
 * - The folder comes with the file in it, in one move, which fails while another folder with a file is there. No file
 *   is ever put into a folder that is there. So there is one file at most.
 * - The result is written into this file, which then is moved to where results are: that is how it is published, and
 *   how the lease ends. Whoever takes the lease away from a silent owner removes his file, and a file that was removed
 *   cannot be moved. So a late owner cannot publish.
 * - Tokens are never used again, so nobody removes the file of another owner than he meant.
 */
export class FileLeases implements LeaseBackend {
  readonly #folders: Folders;
  readonly #temporary: TemporaryFiles;
  readonly #steps: LeaseFileOps;
  readonly #owned: LeaseFolders;

  constructor(folders: Folders, steps: LeaseFileOps = leaseFileOps) {
    this.#folders = folders;
    this.#temporary = new TemporaryFiles(`${folders.root}/.tmp`);
    this.#steps = steps;
    this.#owned = new LeaseFolders(steps, this.#temporary);
  }

  uri(): string {
    // With the slash, no part of the name is taken for an option.
    return `file:${this.#folders.root}/`;
  }

  async acquire(key: TaskKey, token: string): Promise<boolean> {
    // Before it is there: nobody in this process may take it for left over.
    retain(token);
    try {
      const isTaken = await this.#take(key, token);
      if (!isTaken) release(token);
      return isTaken;
    } catch (error) {
      release(token);
      return this.#fail(error, 'write', key);
    }
  }

  async renew(key: TaskKey, token: string): Promise<boolean> {
    try {
      await this.#steps.touch(`${this.#placeOf(key)}/${token}`);
      return true;
    } catch (error) {
      return isGone(error) ? false : this.#fail(error, 'write', key);
    }
  }

  async write(key: TaskKey, token: string, bytes: Uint8Array, durable: boolean): Promise<boolean> {
    try {
      const place = this.#placeOf(key);
      const isWritten = await this.#write(key, `${place}/${token}`, bytes, durable);
      if (isWritten) await quietly(() => this.#steps.removeFolder(place));
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
        seen.push(owner && `${owner} ${await this.#steps.timeOf(`${place}/${owner}`)}`);
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

  async #take(key: TaskKey, token: string): Promise<boolean> {
    const { folder, path } = keyPath(leaseKeyOf(key), 'write');
    await this.#owned.sweep(dirname(this.#placeOf(key)));
    let failure: unknown;
    for (let attempt = 1; attempt <= attempts; attempt++) {
      const place = this.#placeOf(key);
      if ((await this.#owned.liveOwnerOf(place)) !== undefined) return false;
      failure = await this.#owned.moveIn(place, token, who);
      if (failure === undefined) {
        // What the last owner has published is seen from now on, also where names are remembered.
        await quietly(() => this.#steps.refresh(dirname(this.#targetOf(key))));
        return true;
      }
      if (isGone(failure)) this.#folders.make(folder, path, this.#temporary.folder);
      else if (isInTheWay(failure)) await quietly(() => this.#steps.removeFolder(place));
      else throw failure;
    }
    // Owners come and go quickly: whoever waits for them asks again.
    if (systemCodeOf(failure) === 'ENOTEMPTY' || systemCodeOf(failure) === 'EEXIST') return false;
    throw failure;
  }

  async #write(key: TaskKey, own: string, bytes: Uint8Array, durable: boolean): Promise<boolean> {
    try {
      await this.#steps.fill(own, bytes, durable);
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
        await this.#steps.move(own, this.#targetOf(key));
        return true;
      } catch (error) {
        if (!isGone(error) || attempt === attempts) throw error;
        // Either what is moved is not there, or where it is moved to.
        if ((await ifThere(() => this.#steps.timeOf(own))) === undefined) return false;
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

/** Whether the folder of a lease is there; some systems say so of an empty one as well, and Windows in words of its own. */
function isInTheWay(error: unknown): boolean {
  const words = ['ENOTEMPTY', 'EEXIST', ...(process.platform === 'win32' ? ['EPERM', 'EACCES'] : [])];
  return words.includes(systemCodeOf(error) ?? '');
}
