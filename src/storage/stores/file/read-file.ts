import { close, closeSync, constants, fstatSync, openSync, read, readSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Awaitable } from '../../../awaitable';

/** A file smaller than this is read in one synchronous call, without asking for its size first. */
const SCRATCH_SIZE = 65_536;
const LARGEST_READ = 2 ** 30;

const readLater = promisify(read);
const closeLater = promisify(close);

let scratch: Uint8Array | undefined;

/** The whole of a file, in memory of its own: now when it is small, later when it is large. */
export function readFile(path: string): Awaitable<Uint8Array> {
  scratch ??= new Uint8Array(SCRATCH_SIZE);
  const file = openSync(path, constants.O_RDONLY);
  let later = false;
  try {
    const length = readSync(file, scratch, 0, SCRATCH_SIZE, null);
    if (length < SCRATCH_SIZE) return scratch.slice(0, length);
    const { size } = fstatSync(file);
    if (size <= length) return scratch.slice();
    const value = new Uint8Array(Buffer.allocUnsafeSlow(size).buffer);
    value.set(scratch);
    later = true;
    return readRest(file, value, length);
  } finally {
    if (!later) closeSync(file);
  }
}

async function readRest(file: number, value: Uint8Array, start: number): Promise<Uint8Array> {
  let done = start;
  try {
    while (done < value.byteLength) {
      const { bytesRead } = await readLater(file, value, done, Math.min(value.byteLength - done, LARGEST_READ), null);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
  } finally {
    await closeLater(file);
  }
  return done === value.byteLength ? value : value.slice(0, done);
}
