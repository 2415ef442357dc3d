import { close, closeSync, constants, fstatSync, openSync, read, readSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Awaitable } from '../../base/awaitable';

/** A smaller file is read in one synchronous call, without a call for its size. */
const SCRATCH_SIZE = 65_536;
const LARGEST_READ = 2 ** 30;
/** Large enough to read at full speed, small enough that little work is left after the last part. */
const PART_SIZE = 2 ** 22;

const readLater = promisify(read);
const closeLater = promisify(close);

let scratch: Uint8Array | undefined;

type OnPart = (part: Uint8Array) => void;

/**
 * Reads a whole file into memory of its own: synchronously when it is small, asynchronously when it is large.
 *
 * @param onPart receives the parts of a large file, in order, each while the next one is being read
 */
export function readFile(path: string, onPart?: OnPart): Awaitable<Uint8Array> {
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
    return readRest(file, value, length, onPart);
  } finally {
    if (!later) closeSync(file);
  }
}

async function readRest(
  file: number,
  value: Uint8Array,
  start: number,
  onPart: OnPart | undefined,
): Promise<Uint8Array> {
  const most = onPart ? PART_SIZE : LARGEST_READ;
  let told = 0;
  let done = start;
  try {
    while (done < value.byteLength) {
      const reading = readLater(file, value, done, Math.min(value.byteLength - done, most), null);
      onPart?.(value.subarray(told, done));
      told = done;
      const { bytesRead } = await reading;
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    onPart?.(value.subarray(told, done));
  } finally {
    await closeLater(file);
  }
  return done === value.byteLength ? value : value.slice(0, done);
}
