import { closeSync, fsyncSync, openSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { RootDatabase } from 'lmdb';
import { makeWay } from '../../make-way';
import { loadPackage } from '../keyv/load-package';
import { checkDataFile, isOfLmdb } from './check-data-file';
import { checkLockFile, mostReaders } from './check-lock-file';

export type Database = RootDatabase<Buffer, string>;

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

/** Deletes the files of a database that cannot be opened. Gives false when they are none of LMDB's. */
export function removeFiles(folder: string): boolean {
  if (!isOfLmdb(dataFile(folder))) return false;
  for (const name of ['data.mdb', 'lock.mdb']) rmSync(join(folder, name), { recursive: true, force: true });
  return true;
}

/** Opens the database in a folder; makes both when they are missing, unless it is only to be read. */
export function openDatabase(folder: string, isReadonly = false): Database {
  const { open } = load();
  const isNew = !hasData(folder);
  const made = makeWay(folder);
  // A folder that was there is left as it is.
  if (made !== undefined) writeFileSync(join(folder, '.gitignore'), '*\n');
  checkDataFile(dataFile(folder));
  checkLockFile(folder, isReadonly);
  const database = open<Buffer, string>({
    path: folder,
    readOnly: isReadonly,
    // Otherwise a dot in the folder's name would make it the name of a file.
    noSubdir: false,
    encoding: 'binary',
    maxReaders: mostReaders,
    // With it, a failed commit leaves a rejected promise behind that nobody can handle.
    eventTurnBatching: false,
    // With it, `lmdb` goes on flushing after it has closed the files, and ends the process with a segmentation fault.
    overlappingSync: false,
  });
  if (isNew) flushNames(folder, made === undefined ? folder : dirname(made));
  return database;
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
