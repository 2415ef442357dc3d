import {
  accessSync,
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  openSync,
  readSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { RootDatabase } from 'lmdb';
import { systemCodeOf } from '../../../base/describe-error';
import { mkdirp } from '../../../base/mkdirp';
import { loadPackage } from '../load-package';

/** The magic number of a header page, in both byte orders. */
const MAGICS = ['dec0efbe', 'beefc0de'].map((hex) => Buffer.from(hex, 'hex'));
/** The offsets in a header page of version 2, on little-endian machines of 64 bits. */
const AT = { magic: 24, version: 28, pageSize: 48, roots: [88, 136], transaction: 152 };
const HEADER_SIZE = 160;
const NO_PAGE = 2n ** 64n - 1n;
/** Another process may be creating the file. */
const ATTEMPTS = 3;
const PAUSE = 20;

/**
 * Refuses a file on which LMDB would end the process: `lmdb` 3.5 crashes when it opens a file that is not LMDB's, and a
 * read behind the end of a truncated file is a bus error.
 *
 * @throws an error with the code `MDB_INVALID`
 */
function checkDataFile(path: string): void {
  for (let attempt = 1; ; attempt++) {
    if (isUsable(path)) return;
    if (attempt === ATTEMPTS)
      throw Object.assign(new Error('it is not an LMDB file, or is truncated'), { code: 'MDB_INVALID' });
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE);
  }
}

function isUsable(path: string): boolean {
  const file = openIfThere(path);
  if (file === undefined) return true;
  try {
    const first = readHeader(file, 0);
    // LMDB makes a database of an empty file.
    if (first.byteLength === 0) return true;
    if (!MAGICS.some((magic) => first.subarray(0, 32).includes(magic))) return false;
    const isKnown = first.indexOf(MAGICS[0]!) === AT.magic && first.readUInt16LE(AT.version) === 2;
    return !isKnown || hasRoots(file, first);
  } finally {
    closeSync(file);
  }
}

/** The root pages, from which all other pages are found, are in the file. */
function hasRoots(file: number, first: Buffer): boolean {
  if (first.byteLength < HEADER_SIZE) return false;
  const pageSize = first.readUInt32LE(AT.pageSize);
  const second = readHeader(file, pageSize);
  const { size } = fstatSync(file);
  if (pageSize < HEADER_SIZE || second.byteLength < HEADER_SIZE || size < 2 * pageSize) return false;
  const newest = second.readBigUInt64LE(AT.transaction) > first.readBigUInt64LE(AT.transaction) ? second : first;
  const pages = BigInt(Math.floor(size / pageSize));
  return AT.roots.map((at) => newest.readBigUInt64LE(at)).every((root) => root === NO_PAGE || root < pages);
}

/** An unusable file was made by LMDB, or for it: its contents are of no use to other programs. */
function isOfLmdb(path: string): boolean {
  const file = openIfThere(path);
  if (file === undefined) return false;
  try {
    const start = Buffer.alloc(2 ** 16);
    const read = start.subarray(0, readSync(file, start, 0, start.byteLength, 0));
    return MAGICS.some((magic) => read.includes(magic)) || read.every((byte) => byte === 0);
  } finally {
    closeSync(file);
  }
}

function openIfThere(path: string): number | undefined {
  try {
    // Opening a pipe would wait for a writer.
    if (statSync(path).isFIFO()) throw Object.assign(new Error('it is not a file'), { code: 'MDB_INVALID' });
    return openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function readHeader(file: number, position: number): Buffer {
  const header = Buffer.alloc(HEADER_SIZE);
  return header.subarray(0, readSync(file, header, 0, HEADER_SIZE, position));
}

/** The maximum number of processes and threads that read at the same time. Each takes 64 bytes of `lock.mdb`. */
const mostReaders = 1024;
const lockBytes = mostReaders * 64 + 4096;
/** `lmdb` opens three files, and Node may need one in between. */
const filesNeeded = 4;

/**
 * Refuses a `lock.mdb` that LMDB cannot open or write, since `lmdb` 3.5 then ends the process with a segmentation fault.
 *
 * Only a new file is opened: closing another one would release the locks of a database that this process has open.
 *
 * @throws an error with a system code, or with `MDB_LOCK`
 */
function checkLockFile(folder: string, isReadonly: boolean): void {
  const path = join(folder, 'lock.mdb');
  try {
    makeUnlessThere(path);
  } catch (error) {
    // On a read-only disk, LMDB reads without locks.
    if (isReadonly && systemCodeOf(error) === 'EROFS') return;
    throw error;
  }
  try {
    const stats = statSync(path);
    if (!stats.isFile()) throw Object.assign(new Error('it is not a file'), { code: 'MDB_LOCK' });
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
  // `accessSync` checks the real user. If the effective user differs, the file is opened, and for the above reason not closed.
  if (process.geteuid?.() === process.getuid?.()) accessSync(path, constants.R_OK | constants.W_OK);
  else openSync(path, 'r+');
}

/** LMDB maps `lock.mdb` into memory: on a full disk, the first write to it would end the process. */
function checkRoom(folder: string, blocks: number): void {
  if (blocks > 0 || process.platform === 'win32') return;
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize < lockBytes) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
}

/** Without enough file descriptors, `lmdb` ends the process too. */
function checkOpenFiles(folder: string): void {
  if (process.platform === 'win32') return;
  const files: number[] = [];
  try {
    for (let i = 0; i < filesNeeded; i++) files.push(openSync(folder, 'r'));
  } catch (error) {
    if (systemCodeOf(error) === 'EMFILE' || systemCodeOf(error) === 'ENFILE') throw error;
    // The folder lacks read permission.
  } finally {
    for (const file of files) closeSync(file);
  }
}

export type Database = RootDatabase<Buffer, string>;

/** There is a database in the folder. @throws when that cannot be read */
export function hasData(folder: string): boolean {
  try {
    statSync(dataFile(folder));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** Deletes the files of a database that cannot be opened. Returns false when they are not LMDB's. */
export function removeFiles(folder: string): boolean {
  if (!isOfLmdb(dataFile(folder))) return false;
  for (const name of ['data.mdb', 'lock.mdb']) rmSync(join(folder, name), { recursive: true, force: true });
  return true;
}

/** Opens the database in a folder. Makes missing folders and files, unless it is only to be read. */
export function openDatabase(folder: string, isReadonly = false): Database {
  const { open } = load();
  const isNew = !hasData(folder);
  const made = mkdirp(folder);
  // An existing folder is left unchanged.
  if (made !== undefined) writeFileSync(join(folder, '.gitignore'), '*\n');
  checkDataFile(dataFile(folder));
  checkLockFile(folder, isReadonly);
  const database = open<Buffer, string>({
    path: folder,
    readOnly: isReadonly,
    // Otherwise a folder name with a dot would be taken for a file name.
    noSubdir: false,
    encoding: 'binary',
    maxReaders: mostReaders,
    // With it, a failed commit leaves a rejected promise that nothing can handle.
    eventTurnBatching: false,
    // With it, `lmdb` continues to flush after it has closed the files, and ends the process with a segmentation fault.
    overlappingSync: false,
  });
  if (isNew) flushNames(folder, made === undefined ? folder : dirname(made));
  return database;
}

/** Makes the names of new files and folders survive a power cut; LMDB itself flushes only the contents of its files. */
function flushNames(folder: string, outermost: string): void {
  // Windows cannot open folders, and makes names durable by itself.
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
      // The folder lacks read permission, or the file system cannot flush folders.
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
