import {
  close,
  closeSync,
  constants,
  fsync,
  open,
  openSync,
  rename,
  renameSync,
  unlink,
  unlinkSync,
  write,
  writeSync,
} from 'node:fs';
import { promisify } from 'node:util';

const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
/** More than this in one call is refused by the system. */
const LARGEST_WRITE = 2 ** 30;

const openLater = promisify(open);
const writeLater = promisify(write);
const closeLater = promisify(close);
const renameLater = promisify(rename);
const unlinkLater = promisify(unlink);

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

export function writeAllNow(file: number, value: Uint8Array): void {
  for (let done = 0; done < value.byteLength; ) done += writeSync(file, value, done);
}

export async function writeAllLater(file: number, value: Uint8Array): Promise<void> {
  for (let done = 0; done < value.byteLength; ) {
    const length = Math.min(value.byteLength - done, LARGEST_WRITE);
    done += (await writeLater(file, value, done, length)).bytesWritten;
  }
}

/** Resolves when what was written to the file, or the names in the folder, would survive a power cut. */
export function flush(file: number): Promise<void> {
  return new Promise((resolve, reject) => fsync(file, (error) => (error === null ? resolve() : reject(error))));
}

function quietly(work: () => void): void {
  try {
    work();
  } catch {
    // What led here is thrown; the sweep of a later process removes what is left.
  }
}
