import { closeSync, fsyncSync, openSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { RootDatabase } from 'lmdb';
import { makeWay } from '../../make-way';
import { loadPackage } from '../keyv/load-package';
import { checkDataFile } from './check-data-file';

export type Database = RootDatabase<Buffer, string>;

/** Processes and threads that read at the same moment. Each takes 64 bytes of `lock.mdb`. */
const MOST_READERS = 1024;
const LOCK_BYTES = MOST_READERS * 64 + 4096;

/** Whether there is a database in a folder. @throws when that cannot be looked at */
export function hasData(folder: string): boolean {
  try {
    statSync(dataFile(folder));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** Opens the database in a folder; makes both when they are missing. */
export function openDatabase(folder: string): Database {
  const { open } = load();
  const isNew = !hasData(folder);
  const made = makeWay(folder);
  // A folder that was there is left as it is.
  if (made !== undefined) writeFileSync(join(folder, '.gitignore'), '*\n');
  checkDataFile(dataFile(folder));
  checkRoomForLocks(folder);
  const database = open<Buffer, string>({
    path: folder,
    // Otherwise a dot in the folder's name would make it the name of a file.
    noSubdir: false,
    encoding: 'binary',
    maxReaders: MOST_READERS,
    // With it, a failed commit leaves a rejected promise behind that nobody can handle.
    eventTurnBatching: false,
    // With it, `lmdb` goes on flushing after it has closed the files, and ends the process with a segmentation fault.
    overlappingSync: false,
  });
  if (isNew) flushNames(folder, made === undefined ? folder : dirname(made));
  return database;
}

/** LMDB maps `lock.mdb` into memory: on a full disk, the first thing written there would end the process. */
function checkRoomForLocks(folder: string): void {
  const blocks = statSync(join(folder, 'lock.mdb'), { throwIfNoEntry: false })?.blocks ?? 0;
  if (blocks > 0 || process.platform === 'win32') return;
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize < LOCK_BYTES) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
}

/** Makes the names of new files and folders survive a power cut. LMDB itself flushes what is in its files only. */
function flushNames(folder: string, outermost: string): void {
  // Windows opens no folders, and keeps names without being asked to.
  if (process.platform === 'win32') return;
  for (let at = folder; ; at = dirname(at)) {
    try {
      const file = openSync(at, 'r');
      try {
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
    } catch {
      // Some folders may be used but not read, and some file systems have no such call for them.
    }
    if (at === outermost) return;
  }
}

function dataFile(folder: string): string {
  return join(folder, 'data.mdb');
}

function load(): typeof import('lmdb') {
  return loadPackage('lmdb', 'LMDB');
}
