import { lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mkdirp } from '../../base/mkdirp';
import { isOrphaned, newOwnerId, release, retain } from '../../base/process-id';
import { fsError } from '../files/fs-error';

const start = 'tidemark-';
const opened = new Set<TemporaryFolder>();
/** Where this process has looked for what others left. */
const swept = new Set<string>();

/** A folder that ends with the process at the latest; what a killed one left is removed by the next. */
export class TemporaryFolder {
  readonly #base: string;
  #nonce = '';
  #count = 1;
  #path: string | undefined;

  /** @param base where it is made @default the system's folder for temporary files */
  constructor(base: string = tmpdir()) {
    this.#base = base;
  }

  /** Its path; made when it is first asked for. @throws {StorageError} when that cannot be done */
  readonly path = (): string => {
    if (this.#path === undefined) {
      if (!swept.has(this.#base)) sweep(this.#base);
      this.#nonce = newOwnerId();
      retain(this.#nonce);
      try {
        mkdirp(this.#base);
        this.#path = mkdtempSync(join(this.#base, `${start}${this.#nonce}-`));
      } catch (error) {
        throw fsError(error, 'write', this.#base);
      }
      if (opened.size === 0) process.on('exit', removeAll);
      opened.add(this);
    }
    return this.#path;
  };

  /** Makes an empty folder in it, whose name begins so. @throws {StorageError} when that cannot be done */
  make(name: string): string {
    const path = join(this.path(), `${name}-${this.#count++}`);
    try {
      mkdirSync(path);
    } catch (error) {
      throw fsError(error, 'write', this.#base);
    }
    return path;
  }

  /** Removes it and all in it; the next use makes another. Not being able to does no harm. */
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
    release(this.#nonce);
    opened.delete(this);
    if (opened.size === 0) process.off('exit', removeAll);
    return path;
  }
}

function removeAll(): void {
  for (const folder of [...opened]) folder.removeNow();
}

/** Removes what killed processes left. */
function sweep(base: string): void {
  swept.add(base);
  quietly(() => {
    for (const name of readdirSync(base)) if (name.startsWith(start)) quietly(() => removeLeftOver(base, name));
  });
}

function removeLeftOver(base: string, name: string): void {
  const path = join(base, name);
  const nonce = name.slice(start.length, name.lastIndexOf('-'));
  const user = process.getuid?.();
  // Anybody may put something there under such a name.
  if (isOrphaned(path, nonce) && (user === undefined || lstatSync(path).uid === user))
    rmSync(path, { recursive: true, force: true });
}

function quietly(work: () => void): void {
  try {
    work();
  } catch {
    // Left for the next one.
  }
}
