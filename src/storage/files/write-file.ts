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

/** Files and folders that are being written, named `<pid>-<counter>-<random>`, so that what a killed process left can be told. */
export class TemporaryFiles {
  readonly folder: string;
  // The random part tells apart threads of one process, and processes of one number on different machines.
  readonly #random = randomBytes(6).toString('hex');
  #counter = 0;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** The path of a file that does not exist yet. */
  next(): string {
    return `${this.folder}/${process.pid}-${this.#counter++}-${this.#random}`;
  }

  /** Removes what killed processes left. Not being able to does no harm. */
  sweep(): void {
    try {
      for (const name of readdirSync(this.folder)) {
        const path = join(this.folder, name);
        if (isLeftOver(path, name)) rmSync(path, { recursive: true, force: true });
      }
    } catch {
      // There is no such folder yet, or another process sweeps, or may and this one may not.
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
 * Whether an empty file was made and never written: somebody is about to, or was killed just then.
 *
 * Both times are those of making it then, as far as the file system keeps the first one.
 */
export function isUnwritten({ size, birthtimeNs, mtimeNs }: BigIntStats): boolean {
  return size === 0n && birthtimeNs === mtimeNs;
}

/** Tells a file that is to be empty from those: by a time before it was made. */
function markAsWritten(file: number): void {
  const before = Date.now() / 1000 - 1;
  futimesSync(file, before, before);
}

const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
/** A page: of so much in one call others see nothing or all. */
export const LARGEST_WRITTEN_AT_ONCE = 4_096;
/** More than this in one call is refused by the system. */
const LARGEST_WRITE = 2 ** 30;

const openLater = promisify(open);
const writeLater = promisify(write);
const closeLater = promisify(close);
const renameLater = promisify(rename);
const unlinkLater = promisify(unlink);

/**
 * Writes a new file of at most {@link LARGEST_WRITTEN_AT_ONCE} bytes where it belongs, which takes two thirds of the time
 * of moving it there. Others see no file, one that is not written yet (unwritten.ts), or the whole one.
 *
 * @returns false when there is a file already
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

/** The same off the event loop; `durable` flushes the bytes before the move. */
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

/** In one call: the system keeps one call's bytes together, not those of two. */
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

/** Resolves when what was written to the file, or the names in the folder, would survive a power cut. */
export function flush(file: number): Promise<void> {
  return new Promise((resolve, reject) => fsync(file, (error) => (error === null ? resolve() : reject(error))));
}

/** Another process may have put a whole file in the place of this one meanwhile. */
function removeIfSame(path: string, file: number): void {
  if (statSync(path).ino === fstatSync(file).ino) unlinkSync(path);
}

function quietly(work: () => void): void {
  try {
    work();
  } catch {
    // What led here is thrown; the sweep of a later process removes what is left.
  }
}
