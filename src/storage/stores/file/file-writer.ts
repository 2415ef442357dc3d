import { closeSync, constants, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Awaitable, isPromiseLike } from '../../../base/awaitable';
import { systemCodeOf } from '../../../base/describe-error';
import type { Folders } from '../../files/folders';
import { fsError } from '../../files/fs-error';
import { keyPath } from '../../files/key-path';
import {
  flush,
  LARGEST_WRITTEN_AT_ONCE,
  TemporaryFiles,
  writeAtOnce,
  writeFileLater,
  writeFileNow,
  writeNewFileNow,
} from '../../files/write-file';

/** Up to this size a synchronous write is faster than one in another thread. */
const LARGEST_WRITTEN_NOW = 65_536;
const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT;
/** Folders may be deleted at any time, but not five times during one write. */
const ATTEMPTS = 5;

type Work<T> = (path: string) => Awaitable<T>;

/** Writes whole files in place, and makes missing folders. */
export class FileWriter {
  readonly #folders: Folders;
  readonly #temporary: TemporaryFiles;
  readonly #pending = new Set<Promise<unknown>>();
  #hasSwept = false;

  constructor(folders: Folders) {
    this.#folders = folders;
    this.#temporary = new TemporaryFiles(`${folders.root}/.tmp`);
  }

  /** Replaces a file in one step. A durable file survives a power cut once this resolves. */
  replace(key: string, value: Uint8Array, durable: boolean): Awaitable<true> {
    return this.#write(key, (path) => {
      if (durable || value.byteLength > LARGEST_WRITTEN_NOW) return this.#replaceLater(path, value, durable);
      if (!isWrittenAtOnce(value) || !writeNewFileNow(path, value)) writeFileNow(this.#temporary.next(), path, value);
      return true;
    });
  }

  /** Appends to a file in one step. Without `durable`, the bytes are in place at once, and survive a power cut soon after. */
  append(key: string, value: Uint8Array, durable: boolean): Awaitable<void> {
    return this.#write(key, (path) => {
      const flushed = this.#flushed(openForMore(path, value), path);
      if (durable) return flushed;
      this.#track(flushed).catch(() => undefined);
    });
  }

  /** Resolves when no write is pending. */
  async idle(): Promise<void> {
    while (this.#pending.size > 0) await Promise.allSettled(this.#pending);
  }

  #write<T>(key: string, work: Work<T>, attempt = 1): Awaitable<T> {
    try {
      const { folder, path } = keyPath(key, 'write');
      if (!this.#hasSwept) this.#temporary.sweep();
      this.#hasSwept = true;
      if (attempt > 1) this.#folders.make(folder, path, this.#temporary.folder);
      const done = work(`${this.#folders.pathOf(folder)}/${path}`);
      if (!isPromiseLike(done)) return done;
      return this.#track(done.then(undefined, (error) => this.#writeAgain(key, work, attempt, error)));
    } catch (error) {
      return this.#writeAgain(key, work, attempt, error);
    }
  }

  #writeAgain<T>(key: string, work: Work<T>, attempt: number, error: unknown): Awaitable<T> {
    if (systemCodeOf(error) !== 'ENOENT' || attempt === ATTEMPTS)
      throw fsError(error, 'write', this.#folders.root, key);
    return this.#write(key, work, attempt + 1);
  }

  async #replaceLater(path: string, value: Uint8Array, durable: boolean): Promise<true> {
    await writeFileLater(this.#temporary.next(), path, value, durable);
    if (durable) await this.#folders.flush(dirname(path));
    return true;
  }

  async #flushed(file: number, path: string): Promise<void> {
    try {
      await flush(file);
    } finally {
      closeSync(file);
    }
    await this.#folders.flush(dirname(path));
  }

  #track<T>(work: PromiseLike<T>): Promise<T> {
    const tracked: Promise<T> = Promise.resolve(work).finally(() => this.#pending.delete(tracked));
    this.#pending.add(tracked);
    return tracked;
  }
}

function isWrittenAtOnce({ byteLength }: Uint8Array): boolean {
  return byteLength > 0 && byteLength <= LARGEST_WRITTEN_AT_ONCE;
}

/** Appends to a file, and leaves it open. */
function openForMore(path: string, value: Uint8Array): number {
  const file = openSync(path, APPEND);
  try {
    writeAtOnce(file, value);
    return file;
  } catch (error) {
    closeSync(file);
    throw error;
  }
}
