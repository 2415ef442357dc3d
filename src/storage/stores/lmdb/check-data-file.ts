import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';

/** In each header page, behind what all pages begin with; in the order of the machine's bytes. */
const MAGICS = ['dec0efbe', 'beefc0de'].map((hex) => Buffer.from(hex, 'hex'));
/** Where a header page of version 2 has what, on machines of 64 bits, little end first. */
const AT = { magic: 24, version: 28, pageSize: 48, roots: [88, 136], transaction: 152 };
const HEADER_SIZE = 160;
const NO_PAGE = 2n ** 64n - 1n;
/** Another process may just be making the file. */
const ATTEMPTS = 3;
const PAUSE = 20;

/**
 * Refuses what LMDB would fail on, since that ends the process: `lmdb` 3.5 crashes when it opens a file that is
 * not LMDB's, and reading behind the end of one that was cut short is a bus error.
 *
 * @throws an error with the code `MDB_INVALID`
 */
export function checkDataFile(path: string): void {
  for (let attempt = 1; ; attempt++) {
    if (isUsable(path)) return;
    if (attempt === ATTEMPTS)
      throw Object.assign(new Error('it is not of LMDB, or was cut short'), { code: 'MDB_INVALID' });
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE);
  }
}

function isUsable(path: string): boolean {
  const file = openIfThere(path);
  if (file === undefined) return true;
  try {
    const first = readHeader(file, 0);
    // An empty file is made a database.
    if (first.byteLength === 0) return true;
    if (!MAGICS.some((magic) => first.subarray(0, 32).includes(magic))) return false;
    const isKnown = first.indexOf(MAGICS[0]!) === AT.magic && first.readUInt16LE(AT.version) === 2;
    return !isKnown || hasRoots(file, first);
  } finally {
    closeSync(file);
  }
}

/** Whether the pages from which all others are found are in the file. */
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

/** Whether a file that is not usable was made by LMDB, or for it: what it holds is of no use to anybody else. */
export function isOfLmdb(path: string): boolean {
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
    // To open a pipe would wait for a writer.
    if (statSync(path).isFIFO()) throw Object.assign(new Error('it is no file'), { code: 'MDB_INVALID' });
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
