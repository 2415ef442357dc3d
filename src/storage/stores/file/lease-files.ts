import {
  close,
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  open,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { promisify } from 'node:util';
import type { Awaitable } from '../../../base/awaitable';
import { systemCodeOf } from '../../../base/describe-error';
import { isOrphaned, isOwnerId } from '../../../base/process-id';
import { flush, type TemporaryFiles, writeAllLater, writeAllNow } from '../../files/write-file';

const openLater = promisify(open);
const closeLater = promisify(close);

/** Without O_CREAT: a deleted file stays deleted. */
const overwrite = constants.O_WRONLY | constants.O_TRUNC;
const largestWrittenNow = 65_536;

/** The file operations of leases: each is one system call, and anything may happen between two of them. */
export interface LeaseFileOps {
  makeFolder(path: string): Awaitable<void>;
  /** Makes a file that does not exist yet. */
  create(path: string, text: string): Awaitable<void>;
  /** Writes into an existing file. */
  fill(path: string, bytes: Uint8Array, durable: boolean): Awaitable<void>;
  move(from: string, to: string): Awaitable<void>;
  remove(path: string): Awaitable<void>;
  /** Removes an empty folder. */
  removeFolder(path: string): Awaitable<void>;
  list(path: string): Awaitable<string[]>;
  /** Changes the time of an existing file. */
  touch(path: string): Awaitable<void>;
  /** The modification time of a file, as a text. */
  timeOf(path: string): Awaitable<string>;
  /** Opens a folder, so that a network file system discards its cached names. */
  refresh(path: string): Awaitable<void>;
}

export const leaseFileOps: LeaseFileOps = {
  makeFolder: (path) => mkdirSync(path),
  create: (path, text) => writeFileSync(path, text, { flag: 'wx' }),
  fill(path, bytes, durable) {
    if (durable || bytes.byteLength > largestWrittenNow) return fillLater(path, bytes, durable);
    withFile(path, overwrite, (file) => writeAllNow(file, bytes));
    return undefined;
  },
  move: renameSync,
  remove: unlinkSync,
  removeFolder: rmdirSync,
  list: (path) => readdirSync(path),
  touch(path) {
    // Finer than a Date, so that two touches differ.
    const now = (performance.timeOrigin + performance.now()) / 1000;
    utimesSync(path, now, now);
  },
  // Network file systems show new times only to those that open the file.
  timeOf: (path) => withFile(path, constants.O_RDONLY, (file) => String(fstatSync(file, { bigint: true }).mtimeNs)),
  refresh: (path) => withFile(path, constants.O_RDONLY, () => undefined),
};

async function fillLater(path: string, bytes: Uint8Array, durable: boolean): Promise<void> {
  const file = await openLater(path, overwrite);
  try {
    await writeAllLater(file, bytes);
    if (durable) await flush(file);
  } finally {
    await closeLater(file);
  }
}

function withFile<T>(path: string, flags: number, use: (file: number) => T): T {
  const file = openSync(path, flags);
  try {
    return use(file);
  } finally {
    closeSync(file);
  }
}

/** The folders of leases: each has the file of the owner, named by its token. */
export class LeaseFolders {
  readonly #files: LeaseFileOps;
  readonly #temporary: TemporaryFiles;
  /** The folders of tasks that were searched for leftovers of dead owners. */
  readonly #swept = new Set<string>();

  constructor(files: LeaseFileOps, temporary: TemporaryFiles) {
    this.#files = files;
    this.#temporary = temporary;
  }

  /** Moves a folder with the owner's file into place. Returns the error when that fails. */
  async moveIn(place: string, token: string, who: string): Promise<unknown> {
    const folder = this.#temporary.next();
    try {
      await this.#files.makeFolder(folder);
      await this.#files.create(`${folder}/${token}`, who);
      await this.#files.move(folder, place);
      return undefined;
    } catch (error) {
      await quietly(() => this.#files.remove(`${folder}/${token}`));
      await quietly(() => this.#files.removeFolder(folder));
      return error;
    }
  }

  /** The token of the owner, if it is alive as far as is known here. An owner that is known to be dead loses its lease. */
  async liveOwnerOf(place: string): Promise<string | undefined> {
    const names = (await ifThere(() => this.#files.list(place))) ?? [];
    for (const token of names.filter(isOwnerId)) {
      if (!isOrphaned(`${place}/${token}`, token)) return token;
      await this.remove(place, token);
    }
    return undefined;
  }

  async remove(place: string, token: string): Promise<void> {
    await ifThere(() => this.#files.remove(`${place}/${token}`));
    await quietly(() => this.#files.removeFolder(place));
  }

  /** Removes the leases of dead processes on keys of a task, which may never be requested again. */
  async sweep(folder: string): Promise<void> {
    if (this.#swept.has(folder)) return;
    this.#swept.add(folder);
    for (const name of (await ifThere(() => this.#files.list(folder))) ?? [])
      await quietly(async () => void (await this.liveOwnerOf(`${folder}/${name}`)));
  }
}

/** Runs a cleanup whose failure is harmless. */
export async function quietly(work: () => Awaitable<unknown>): Promise<void> {
  try {
    await work();
  } catch {
    // Another process cleans up later.
  }
}

/** Undefined when the file is gone. */
export async function ifThere<T>(work: () => Awaitable<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** The file is gone: ESTALE is the error when another machine has removed it. */
export function isGone(error: unknown): boolean {
  return systemCodeOf(error) === 'ENOENT' || systemCodeOf(error) === 'ESTALE';
}
