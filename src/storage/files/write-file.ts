import { randomBytes } from 'node:crypto';
import {
  type BigIntStats,
  close,
  closeSync,
  constants,
  fstatSync,
  fsync,
  futimesSync,
  open,
  openSync,
  readdirSync,
  rename,
  renameSync,
  rmSync,
  statSync,
  unlink,
  unlinkSync,
  write,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { systemCodeOf } from '../../base/describe-error';
import { isAlive } from '../../base/process-id';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** Names for files and folders while they are written: `<pid>-<counter>-<random>`, so that leftovers of killed processes are recognised. */
export class TemporaryFiles {
  readonly folder: string;
  // Distinguishes threads of one process, and processes of the same id on different machines.
  readonly #random = randomBytes(6).toString('hex');
  #counter = 0;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** A path that does not exist yet. */
  next(): string {
    return `${this.folder}/${process.pid}-${this.#counter++}-${this.#random}`;
  }

  /** Removes the leftovers of killed processes. Errors are ignored. */
  sweep(): void {
    try {
      for (const name of readdirSync(this.folder)) {
        const path = join(this.folder, name);
        if (isLeftOver(path, name)) rmSync(path, { recursive: true, force: true });
      }
    } catch {
      // There is no such folder yet, another process sweeps, or this one lacks the permission.
    }
  }
}

function isLeftOver(path: string, name: string): boolean {
  const pid = Number(/^(\d+)-\d+-[0-9a-f]+$/.exec(name)?.[1]);
  if (!Number.isSafeInteger(pid) || pid === 0) return false;
  const written = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
  if (written === undefined) return false;
  const age = Date.now() - written;
  return age > DAY || (age > MINUTE && !isAlive(pid));
}

/**
 * A file was made and not written yet: its writer is about to, or was killed.
 *
 * Both times are then the time of its creation, if the file system records that.
 */
export function isUnwritten({ size, birthtimeNs, mtimeNs }: BigIntStats): boolean {
  return size === 0n && birthtimeNs === mtimeNs;
}

/** Marks a file that is meant to be empty: its modification time is before its creation. */
function markAsWritten(file: number): void {
  const before = Date.now() / 1000 - 1;
  futimesSync(file, before, before);
}

const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
/** A page: other processes see nothing or all of a write of this size. */
export const LARGEST_WRITTEN_AT_ONCE = 4_096;
/** The system refuses larger writes. */
const LARGEST_WRITE = 2 ** 30;

const openLater = promisify(open);
const writeLater = promisify(write);
const closeLater = promisify(close);
const renameLater = promisify(rename);
const unlinkLater = promisify(unlink);

/**
 * Writes a new file of at most {@link LARGEST_WRITTEN_AT_ONCE} bytes in place, which takes two thirds of the time of
 * moving it there. Other processes see no file, a file that is not written yet (`isUnwritten`), or the whole file.
 *
 * @returns false when the file exists already
 */
export function writeNewFileNow(path: string, value: Uint8Array): boolean {
  let file: number;
  try {
    file = openSync(path, NEW_FILE);
  } catch (error) {
    if (systemCodeOf(error) === 'EEXIST') return false;
    throw error;
  }
  try {
    writeAtOnce(file, value);
  } catch (error) {
    quietly(() => removeIfSame(path, file));
    throw error;
  } finally {
    closeSync(file);
  }
  return true;
}

/** Writes a whole file under a temporary name and moves it into place. */
export function writeFileNow(temporary: string, path: string, value: Uint8Array): void {
  const file = openSync(temporary, NEW_FILE);
  try {
    try {
      writeAllNow(file, value);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    quietly(() => unlinkSync(temporary));
    throw error;
  }
}

/** Like `writeFileNow`, off the event loop. @param durable flush the bytes before the move */
export async function writeFileLater(
  temporary: string,
  path: string,
  value: Uint8Array,
  durable: boolean,
): Promise<void> {
  const file = await openLater(temporary, NEW_FILE);
  try {
    try {
      await writeAllLater(file, value);
      if (durable) await flush(file);
    } finally {
      await closeLater(file);
    }
    await renameLater(temporary, path);
  } catch (error) {
    await unlinkLater(temporary).catch(() => undefined);
    throw error;
  }
}

/** Writes in one call: the system does not interleave the bytes of one call with others. */
export function writeAtOnce(file: number, value: Uint8Array): void {
  const written = writeSync(file, value);
  if (written < value.byteLength) throw Object.assign(new Error(`${written} bytes were written`), { code: 'ENOSPC' });
}

export function writeAllNow(file: number, value: Uint8Array): void {
  if (value.byteLength === 0) markAsWritten(file);
  for (let done = 0; done < value.byteLength; ) done += writeSync(file, value, done);
}

export async function writeAllLater(file: number, value: Uint8Array): Promise<void> {
  if (value.byteLength === 0) markAsWritten(file);
  for (let done = 0; done < value.byteLength; ) {
    const length = Math.min(value.byteLength - done, LARGEST_WRITE);
    done += (await writeLater(file, value, done, length)).bytesWritten;
  }
}

/** Resolves when the bytes of a file, or the names in a folder, would survive a power cut. */
export function flush(file: number): Promise<void> {
  return new Promise((resolve, reject) => fsync(file, (error) => (error === null ? resolve() : reject(error))));
}

/** Another process may have replaced the file. */
function removeIfSame(path: string, file: number): void {
  if (statSync(path).ino === fstatSync(file).ino) unlinkSync(path);
}

function quietly(work: () => void): void {
  try {
    work();
  } catch {
    // The first error is thrown; the sweep of a later process removes the rest.
  }
}
