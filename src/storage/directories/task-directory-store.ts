import { lstatSync, mkdirSync, promises, rmdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { systemCodeOf } from '../../base/describe-error';
import { isOrphaned, isOwnerId, newOwnerId, release, retain } from '../../base/process-id';
import type { TaskKey } from '../../task/context';
import { StorageError } from '../errors';
import { Folders } from '../files/folders';
import { fsError } from '../files/fs-error';
import { keyPath, segmentOf } from '../files/key-path';
import { directoryNamePattern } from '../format/keys';
import { chunks } from '../store-client';

/** The suffix of the folder that holds the directories of one key. */
const ending = '.d';
/** Folders may be deleted at any time, but not five times during one `mkdir`. */
const attempts = 5;
/** After a sweep that took longer than `longSweep` milliseconds, the next one waits for `rest` times as long. */
const longSweep = 100;
const rest = 20;

/** The directories that a checkpoint names; undefined when its record cannot be read, so that it may name any. */
type NamedBy = (key: TaskKey) => Promise<readonly string[] | undefined>;

/**
 * The directories of saved tasks: `<folder>/<Task>/<hash>.d/<ownerId>`. They are never moved. The record of a checkpoint
 * names its directories; the others are in use, or left over.
 */
export class TaskDirectoryStore {
  readonly root: () => string;
  readonly #restsUntil = new Map<string, number>();
  #folders: Folders | undefined;

  /** @param root a path, or a function that makes the folder at the first use and returns its path */
  constructor(root: string | (() => string)) {
    if (typeof root !== 'string') {
      this.root = root;
      return;
    }
    const path = resolve(root);
    this.root = () => path;
    this.#folders = new Folders(path);
  }

  /** Makes an empty directory for a key, retained until it is released. Returns its name. */
  make(key: TaskKey): string {
    const folders = this.#opened();
    const name = `${key}${ending}/${newOwnerId()}`;
    const { folder, path } = keyPath(name, 'write');
    for (let attempt = 1; ; attempt++) {
      this.#refuseLinks(name);
      try {
        mkdirSync(`${folders.pathOf(folder)}/${path}`);
        retainDirectory(name);
        return name;
      } catch (error) {
        if (systemCodeOf(error) !== 'ENOENT' || attempt === attempts) throw fsError(error, 'write', folders.root, key);
        folders.make(folder, path);
      }
    }
  }

  /** The path of a directory, even if there is none. */
  pathOf(name: string): string {
    const { folder, path } = keyPath(name, 'read');
    return `${this.#opened().pathOf(folder)}/${path}`;
  }

  has(name: string): boolean {
    if (!isName(name)) return false;
    return this.isInside(name) && lstatSync(this.pathOf(name), { throwIfNoEntry: false })?.isDirectory() === true;
  }

  /** A directory of this name is in this folder, or would be: no symbolic link on its path leads out of it. */
  isInside(name: string): boolean {
    return isName(name) && !isLink(this.pathOf(name)) && this.#linkTo(name) === undefined;
  }

  /** No process uses the directory, so that it can be removed. */
  isUnused(name: string): boolean {
    return isOrphaned(this.pathOf(name), ownerIdOf(name));
  }

  /** @throws {StorageError} when a directory cannot be removed */
  async remove(names: readonly string[]): Promise<void> {
    for (const name of names)
      if (isName(name) && this.#linkTo(name) === undefined) await this.#remove(this.pathOf(name));
  }

  /** Removes the directories that belong to a key; a result may also hold directories of other keys. */
  removeOf(key: TaskKey, names: readonly string[]): Promise<void> {
    return this.remove(names.filter((name) => isDirectoryOf(key, name)));
  }

  /** Removes the directories of a task that no checkpoint names and no process uses. @param folder the folder of the task */
  async sweep(folder: string, namedBy: NamedBy): Promise<void> {
    for await (const group of chunks(this.#ofTask(folder)))
      await Promise.all(group.map((key) => this.#sweepKey(key, namedBy)));
  }

  /** Like `sweep`, but after a long sweep not again soon. */
  async sweepOccasionally(folder: string, namedBy: NamedBy): Promise<void> {
    const start = performance.now();
    if (start < (this.#restsUntil.get(folder) ?? 0)) return;
    await this.sweep(folder, namedBy);
    const end = performance.now();
    if (end - start > longSweep) this.#restsUntil.set(folder, end + rest * (end - start));
  }

  /** Removes all directories, even of unfinished runs. */
  async clear(): Promise<void> {
    for (const folder of this.#folders?.list().keys() ?? [])
      for await (const key of this.#ofTask(folder)) await this.remove(await this.#namesOf(key));
  }

  async #sweepKey(key: TaskKey, namedBy: NamedBy): Promise<void> {
    // Listed before the records are read: a directory that was in use until now has its record by then.
    const free = (await this.#namesOf(key)).filter((name) => this.isUnused(name));
    if (free.length === 0) return;
    const named = await namedBy(key);
    if (named) await this.remove(free.filter((name) => !named.includes(name)));
  }

  /** The keys of a task that have directories. */
  async *#ofTask(folder: string): AsyncGenerator<TaskKey> {
    const entries = await ifThere(promises.opendir(this.#opened().pathOf(folder)));
    for await (const entry of entries ?? []) {
      const segment = entry.isDirectory() ? segmentOf(entry.name) : undefined;
      if (segment?.endsWith(ending)) yield `${folder}/${segment.slice(0, -ending.length)}` as TaskKey;
    }
  }

  async #namesOf(key: TaskKey): Promise<string[]> {
    const ownerIds = (await ifThere(promises.readdir(dirname(this.pathOf(`${key}${ending}/x`))))) ?? [];
    return ownerIds.filter(isOwnerId).map((ownerId) => `${key}${ending}/${ownerId}`);
  }

  async #remove(path: string): Promise<void> {
    try {
      await promises.rm(path, { recursive: true, force: true, maxRetries: 3 });
    } catch (error) {
      throw fsError(error, 'delete', this.#opened().root);
    }
    try {
      rmdirSync(dirname(path));
    } catch {
      // Other directories are in there.
    }
  }

  /** A symbolic link on the path of a directory, which may lead anywhere. */
  #linkTo(name: string): string | undefined {
    const ofKey = dirname(this.pathOf(name));
    return [dirname(ofKey), ofKey].find(isLink);
  }

  #refuseLinks(name: string): void {
    const link = this.#linkTo(name);
    if (link !== undefined)
      throw new StorageError(
        `no directory can be made for ${name}: ${link} is a symbolic link, which may lead out of the storage; remove it`,
        { operation: 'write', key: name },
      );
  }

  #opened(): Folders {
    return (this.#folders ??= new Folders(this.root()));
  }
}

/** The directory belongs to the key; a result may also hold directories of other keys. */
export function isDirectoryOf(key: TaskKey, name: string): boolean {
  return name.startsWith(`${key}${ending}/`);
}

/** Keeps this process from sweeping a directory until it is released. */
export function retainDirectory(name: string): void {
  retain(ownerIdOf(name));
}

export function releaseDirectory(name: string): void {
  release(ownerIdOf(name));
}

function ownerIdOf(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

/** Names come from records: other text must not become a path. */
function isName(name: string): boolean {
  return directoryNamePattern.test(name);
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

async function ifThere<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read;
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT' || systemCodeOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}
