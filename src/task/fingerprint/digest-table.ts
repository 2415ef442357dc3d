import { hash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, open } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** The key of a digest: the file's path, and its state when it was read, each hashed to 16 bytes. */
export interface DigestKey {
  readonly path: Buffer;
  readonly state: Buffer;
}

const fileName = 'file-digests-1';
const hashBytes = 16;
/** Path, state, digest, time of writing in seconds, and a checksum of these. */
const recordBytes = 64;
const timeAt = 3 * hashBytes;
const checkAt = 56;
const bucketRecords = 4;
const bucketBytes = bucketRecords * recordBytes;
/** 65,536 files in at most 4 MiB; the file is sparse until then. */
const buckets = 16_384;

let folder: { readonly xdg: string | undefined; readonly path: Promise<string | undefined> } | undefined;

/**
 * Digests of files, shared by processes: a hash table in a file of fixed size. Each record is written in one call, at a
 * position of its own, so processes may read and write concurrently. A torn or damaged record fails its checksum and
 * counts as missing. Nothing here throws: at worst, a file is read again.
 */
export const digestTable = {
  /** The digest of a file in a state, as hexadecimal. */
  async get(key: DigestKey): Promise<string | undefined> {
    const bucket = await withTable((table) => readBucket(table, key));
    const record = bucket?.find((one) => isOf(one, key));
    return record?.toString('hex', 2 * hashBytes, 3 * hashBytes);
  },

  async set(key: DigestKey, digest: string): Promise<void> {
    await withTable(async (table) => {
      const bucket = await readBucket(table, key);
      const at = placeIn(bucket, key);
      await table.write(makeRecord(key, digest), 0, recordBytes, positionOf(key) + at * recordBytes);
    });
  },
};

async function withTable<T>(body: (table: FileHandle) => Promise<T>): Promise<T | undefined> {
  let table: FileHandle | undefined;
  try {
    const path = await tablePath();
    if (path === undefined) return undefined;
    table = await open(path, constants.O_RDWR | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0), 0o600);
    return await body(table);
  } catch {
    return undefined;
  } finally {
    await table?.close().catch(() => {});
  }
}

async function tablePath(): Promise<string | undefined> {
  const xdg = process.env['XDG_CACHE_HOME'];
  if (!folder || folder.xdg !== xdg) folder = { xdg, path: cacheFolder() };
  const path = await folder.path;
  return path === undefined ? undefined : join(path, fileName);
}

/** The records in the bucket of a path; empty and damaged ones are undefined. */
async function readBucket(table: FileHandle, key: DigestKey): Promise<(Buffer | undefined)[]> {
  const bytes = Buffer.alloc(bucketBytes);
  await table.read(bytes, 0, bucketBytes, positionOf(key));
  return Array.from({ length: bucketRecords }, (_, i) => {
    const record = bytes.subarray(i * recordBytes, (i + 1) * recordBytes);
    return record.subarray(checkAt).equals(checkOf(record)) ? record : undefined;
  });
}

/** The index of the record to write: the one of the same path, a free one, or the oldest. */
function placeIn(bucket: readonly (Buffer | undefined)[], { path }: DigestKey): number {
  const own = bucket.findIndex((record) => record?.subarray(0, hashBytes).equals(path));
  if (own >= 0) return own;
  const times = bucket.map((record) => record?.readUInt32LE(timeAt) ?? -1);
  return times.indexOf(Math.min(...times));
}

function isOf(record: Buffer | undefined, { path, state }: DigestKey): boolean {
  return record?.subarray(0, 2 * hashBytes).equals(Buffer.concat([path, state])) === true;
}

function makeRecord({ path, state }: DigestKey, digest: string): Buffer {
  const record = Buffer.alloc(recordBytes);
  path.copy(record, 0);
  state.copy(record, hashBytes);
  record.write(digest, 2 * hashBytes, hashBytes, 'hex');
  record.writeUInt32LE(Math.floor(Date.now() / 1000) >>> 0, timeAt);
  checkOf(record).copy(record, checkAt);
  return record;
}

function checkOf(record: Buffer): Buffer {
  return hash('sha256', record.subarray(0, checkAt), 'buffer').subarray(0, recordBytes - checkAt);
}

function positionOf({ path }: DigestKey): number {
  return (path.readUInt32LE(0) % buckets) * bucketBytes;
}

/** The folder for caches, created if missing; undefined if no folder is safe to use. */
async function cacheFolder(): Promise<string | undefined> {
  for (const folder of candidates()) {
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      if (await isOwn(folder)) return folder;
    } catch {
      // Try the next candidate.
    }
  }
  return undefined;
}

/** The user's cache folder by the conventions of the system, then one in the temporary folder. */
function candidates(): readonly string[] {
  const user = process.getuid?.();
  const temporary = join(tmpdir(), user === undefined ? 'tidemark-cache' : `tidemark-cache-${user}`);
  const home = homeFolder();
  return home === undefined ? [temporary] : [home, temporary];
}

function homeFolder(): string | undefined {
  const xdg = process.env['XDG_CACHE_HOME'];
  if (xdg && isAbsolute(xdg)) return join(xdg, 'tidemark');
  const local = process.env['LOCALAPPDATA'];
  if (process.platform === 'win32') return local ? join(local, 'tidemark', 'Cache') : undefined;
  const home = homedir();
  if (!isAbsolute(home)) return undefined;
  return process.platform === 'darwin' ? join(home, 'Library', 'Caches', 'tidemark') : join(home, '.cache', 'tidemark');
}

/** True if only this user can write to the folder: data of other users cannot be trusted. */
async function isOwn(folder: string): Promise<boolean> {
  const stats = await lstat(folder);
  const user = process.getuid?.();
  return stats.isDirectory() && (user === undefined || (stats.uid === user && (stats.mode & 0o022) === 0));
}
