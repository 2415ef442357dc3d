import { lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mkdirp } from '../../base/mkdirp';
import { isOrphaned, newOwnerId, release, retain } from '../../base/process-id';
import { fsError } from '../files/fs-error';

const start = 'tidemark-';
const opened = new Set<TemporaryFolder>();
/** The folders in which this process has removed leftovers of others. */
const swept = new Set<string>();

/** A folder that is removed at the end of the process. The folder of a killed process is removed by a later one. */
export class TemporaryFolder {
  readonly #base: string;
  #ownerId = '';
  #count = 1;
  #path: string | undefined;

  /** @param base the folder in which it is made @default the system's folder for temporary files */
  constructor(base: string = tmpdir()) {
    this.#base = base;
  }

  /** Its path; the folder is made at the first call. @throws {StorageError} when it cannot be made */
  readonly path = (): string => {
    if (this.#path === undefined) {
      if (!swept.has(this.#base)) sweep(this.#base);
      this.#ownerId = newOwnerId();
      retain(this.#ownerId);
      try {
        mkdirp(this.#base);
        this.#path = mkdtempSync(join(this.#base, `${start}${this.#ownerId}-`));
      } catch (error) {
        throw fsError(error, 'write', this.#base);
      }
      if (opened.size === 0) process.on('exit', removeAll);
      opened.add(this);
    }
    return this.#path;
  };

  /** Makes an empty folder in it. @param name the start of its name @throws {StorageError} when it cannot be made */
  make(name: string): string {
    const path = join(this.path(), `${name}-${this.#count++}`);
    try {
      mkdirSync(path);
    } catch (error) {
      throw fsError(error, 'write', this.#base);
    }
    return path;
  }

  /** Removes the folder with its contents; the next use makes another. Errors are ignored. */
  async remove(): Promise<void> {
    const path = this.#forget();
    if (path !== undefined) await rm(path, { recursive: true, force: true, maxRetries: 3 }).catch(() => {});
  }

  removeNow(): void {
    const path = this.#forget();
    if (path !== undefined) quietly(() => rmSync(path, { recursive: true, force: true }));
  }

  #forget(): string | undefined {
    const path = this.#path;
    this.#path = undefined;
    if (path === undefined) return undefined;
    release(this.#ownerId);
    opened.delete(this);
    if (opened.size === 0) process.off('exit', removeAll);
    return path;
  }
}

function removeAll(): void {
  for (const folder of [...opened]) folder.removeNow();
}

/** Removes the folders of killed processes. */
function sweep(base: string): void {
  swept.add(base);
  quietly(() => {
    for (const name of readdirSync(base)) if (name.startsWith(start)) quietly(() => removeLeftOver(base, name));
  });
}

function removeLeftOver(base: string, name: string): void {
  const path = join(base, name);
  const ownerId = name.slice(start.length, name.lastIndexOf('-'));
  const user = process.getuid?.();
  // Other users may make folders with such names.
  if (isOrphaned(path, ownerId) && (user === undefined || lstatSync(path).uid === user))
    rmSync(path, { recursive: true, force: true });
}

function quietly(work: () => void): void {
  try {
    work();
  } catch {
    // A later process tries again.
  }
}
