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
import type { Awaitable } from '../../../awaitable';
import { flush, writeAllLater, writeAllNow } from './write-file';

const openLater = promisify(open);
const closeLater = promisify(close);

/** Without O_CREAT: a file that somebody has removed stays removed. */
const overwrite = constants.O_WRONLY | constants.O_TRUNC;
const largestWrittenNow = 65_536;

/** What leases do with files: each is one call of the system, between which anything may happen. */
export interface LeaseSteps {
  makeFolder(path: string): Awaitable<void>;
  /** Makes a file that is not there yet. */
  create(path: string, text: string): Awaitable<void>;
  /** Puts bytes into a file that is there. */
  fill(path: string, bytes: Uint8Array, durable: boolean): Awaitable<void>;
  move(from: string, to: string): Awaitable<void>;
  remove(path: string): Awaitable<void>;
  /** Removes an empty folder. */
  removeFolder(path: string): Awaitable<void>;
  list(path: string): Awaitable<string[]>;
  /** Changes the time of a file that is there. */
  touch(path: string): Awaitable<void>;
  /** The time of a file, as a text. */
  timeOf(path: string): Awaitable<string>;
  /** Looks into a folder, so that a network's file system forgets what it remembers of it. */
  refresh(path: string): Awaitable<void>;
}

export const leaseSteps: LeaseSteps = {
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
    // Finer than a Date: what was touched twice is to differ.
    const now = (performance.timeOrigin + performance.now()) / 1000;
    utimesSync(path, now, now);
  },
  // Network file systems show what is new to those that open a file, not to those that ask for its name.
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
