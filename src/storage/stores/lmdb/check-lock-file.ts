import { accessSync, closeSync, constants, openSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { systemCodeOf } from '../../../base/describe-error';

/** Processes and threads that read at the same moment. Each takes 64 bytes of `lock.mdb`. */
export const mostReaders = 1024;
const lockBytes = mostReaders * 64 + 4096;
/** `lmdb` opens three, and Node may need one in between. */
const filesNeeded = 4;

/**
 * Refuses a `lock.mdb` that LMDB cannot open or write, since `lmdb` 3.5 then ends the process by a segmentation fault.
 *
 * The file is opened only where it is new: to close it would take away the locks of a database that this process has
 * open.
 *
 * @throws an error with a code of the system, or with `MDB_LOCK`
 */
export function checkLockFile(folder: string, isReadonly: boolean): void {
  const path = join(folder, 'lock.mdb');
  try {
    makeUnlessThere(path);
  } catch (error) {
    // On a disk where nothing can be written, LMDB reads without locks.
    if (isReadonly && systemCodeOf(error) === 'EROFS') return;
    throw error;
  }
  try {
    const stats = statSync(path);
    if (!stats.isFile()) throw Object.assign(new Error('it is no file'), { code: 'MDB_LOCK' });
    checkAccess(path);
    checkRoom(folder, stats.blocks);
    checkOpenFiles(folder);
  } catch (error) {
    if (isReadonly && systemCodeOf(error) === 'EROFS') return;
    throw Object.assign(error as Error, { isOfLock: true });
  }
}

function makeUnlessThere(path: string): void {
  try {
    closeSync(openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o664));
  } catch (error) {
    if (systemCodeOf(error) !== 'EEXIST') throw error;
  }
}

function checkAccess(path: string): void {
  // The system answers for the real user. Where another one counts, the file is opened, and not closed for the reason above.
  if (process.geteuid?.() === process.getuid?.()) accessSync(path, constants.R_OK | constants.W_OK);
  else openSync(path, 'r+');
}

/** LMDB maps `lock.mdb` into memory: on a full disk, the first thing written there would end the process. */
function checkRoom(folder: string, blocks: number): void {
  if (blocks > 0 || process.platform === 'win32') return;
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize < lockBytes) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
}

/** Without enough file descriptors, `lmdb` ends the process just the same. */
function checkOpenFiles(folder: string): void {
  if (process.platform === 'win32') return;
  const files: number[] = [];
  try {
    for (let i = 0; i < filesNeeded; i++) files.push(openSync(folder, 'r'));
  } catch (error) {
    if (systemCodeOf(error) === 'EMFILE' || systemCodeOf(error) === 'ENFILE') throw error;
    // A folder that may be used but not read.
  } finally {
    for (const file of files) closeSync(file);
  }
}
