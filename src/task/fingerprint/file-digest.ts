import { createHash, hash } from 'node:crypto';
import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { TidemarkError } from '../../base/error';
import { type DigestKey, digestTable } from './digest-table';
import { showPath, specialFileType, unreadableFileError } from './walk-files';

/** Limits concurrency. */
class Semaphore {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(limit: number) {
    this.#free = limit;
  }

  /** Runs `body` as soon as a slot is free. */
  async use<T>(body: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await body();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    }
  }
}

/** Smaller files are read each time, which takes about as long as a cache lookup. */
const smallFile = 64 * 1024;
/** A file that changed more recently may change again without a new timestamp. In milliseconds. */
const recent = 2_000;
const chunkBytes = 256 * 1024;
/** Non-blocking, so that opening a pipe does not wait for a writer. */
const openFlags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);
const mostRemembered = 10_000;

const slots = new Semaphore(8);
/** The last known state and digest of files, by path. */
const remembered = new Map<string, { readonly state: string; readonly digest: string }>();
/** Queued reads, by path: later requests share them. */
const waiting = new Map<string, Promise<string>>();
const reading = new Map<string, Promise<string>>();

/**
 * The first 128 bits of the SHA-256 of a file's content, as hexadecimal.
 *
 * An unchanged file is not read twice, in this process or another one: digests are cached by the file's path, size,
 * times and inode, unless the file changed so recently that a further change might leave these the same.
 *
 * @throws {TidemarkError} if the file cannot be read, or is not a file
 */
export function fileDigest(given: string): Promise<string> {
  const path = resolve(given);
  let digest = waiting.get(path);
  if (!digest) {
    digest = readAfterCurrent(path, given);
    waiting.set(path, digest);
  }
  return digest;
}

/** Reads a file after the current read of the same file, which may have missed the latest change. */
async function readAfterCurrent(path: string, given: string): Promise<string> {
  await reading.get(path)?.catch(() => {});
  return slots.use(async () => {
    const read = readDigest(path, given);
    waiting.delete(path);
    reading.set(path, read);
    try {
      return await read;
    } finally {
      reading.delete(path);
    }
  });
}

async function readDigest(path: string, given: string): Promise<string> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, openFlags);
    const lookedAt = Date.now();
    const before = assertFile(await file.stat({ bigint: true }), given);
    const known = before.size >= smallFile ? await recall(path, before) : undefined;
    if (known !== undefined) return known;
    const digest = await hashContent(file, Number(before.size));
    if (before.size >= smallFile && isSettled(before, lookedAt)) {
      const after = await file.stat({ bigint: true });
      if (stateOf(before) === stateOf(after)) await remember(path, after, digest);
    }
    return digest;
  } catch (error) {
    if (error instanceof TidemarkError) throw error;
    // Windows cannot open folders.
    const found = file ? undefined : await stat(path, { bigint: true }).catch(() => undefined);
    if (found) assertFile(found, given);
    throw unreadableFileError(given, 'file', error);
  } finally {
    await file?.close();
  }
}

/** @throws {TidemarkError} for a folder, and for a file without content, such as a pipe, which would block */
function assertFile(stats: BigIntStats, path: string): BigIntStats {
  if (stats.isFile()) return stats;
  if (stats.isDirectory())
    throw new TidemarkError(`${showPath(path)} is a folder; use folderFingerprint(${JSON.stringify(path)})`);
  throw new TidemarkError(`${showPath(path)} is a ${specialFileType(stats)}, not a file: it has no content`);
}

/** @param size 0 if unknown, as in /proc */
async function hashContent(file: FileHandle, size: number): Promise<string> {
  const content = createHash('sha256');
  const buffer = Buffer.allocUnsafe(size > 0 && size < chunkBytes ? size : chunkBytes);
  for (let done = 0; size === 0 || done < size; ) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
    if (bytesRead === 0) break;
    content.update(buffer.subarray(0, bytesRead));
    done += bytesRead;
  }
  return content.digest('hex').slice(0, 32);
}

/** Changes whenever the content does, but for changes within the resolution of the file system's clock. */
function stateOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`;
}

function isSettled({ mtimeMs, ctimeMs }: BigIntStats, lookedAt: number): boolean {
  return lookedAt - Number(mtimeMs > ctimeMs ? mtimeMs : ctimeMs) >= recent;
}

async function recall(path: string, stats: BigIntStats): Promise<string | undefined> {
  const state = stateOf(stats);
  const known = remembered.get(path);
  if (known?.state === state) return known.digest;
  const digest = await digestTable.get(keyOf(path, state));
  if (digest !== undefined) rememberHere(path, state, digest);
  return digest;
}

async function remember(path: string, stats: BigIntStats, digest: string): Promise<void> {
  const state = stateOf(stats);
  rememberHere(path, state, digest);
  await digestTable.set(keyOf(path, state), digest);
}

function rememberHere(path: string, state: string, digest: string): void {
  remembered.delete(path);
  remembered.set(path, { state, digest });
  // The first one of a Map is the one that was set the longest ago.
  if (remembered.size > mostRemembered) remembered.delete(remembered.keys().next().value!);
}

function keyOf(path: string, state: string): DigestKey {
  return { path: half(path), state: half(`${path}\0${state}`) };
}

function half(text: string): Buffer {
  return hash('sha256', text, 'buffer').subarray(0, 16);
}
