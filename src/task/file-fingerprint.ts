import { createHash } from 'node:crypto';
import { createReadStream, promises } from 'node:fs';

/** Files up to this size are read whole: that costs no more than finding out whether their time can be trusted. */
const smallFile = 256 * 1024;
/** A file changed less than this long ago may change again without a new time. In milliseconds. */
const recent = 2_000;

const hashed = new Map<string, string>();

/**
 * The state of a file, for a task's `fingerprint()`.
 *
 * Small files are identified by their content; files over 256 KiB by size and time of change, unless they
 * changed less than 2 seconds ago: then by their content too.
 *
 * @param path the file, absolute or from the working folder
 * @throws when the file cannot be read
 * @example
 * fingerprint() { return fileFingerprint(this.path); }
 */
export async function fileFingerprint(path: string): Promise<string> {
  const { size, mtimeNs, mtimeMs } = await promises.stat(path, { bigint: true });
  const state = `${size}-${mtimeNs}`;
  // A file once told by its content stays so in this process: it must not seem changed because it grew older.
  const isHashed = size <= smallFile || Date.now() - Number(mtimeMs) < recent || hashed.get(path) === state;
  if (!isHashed) return state;
  hashed.set(path, state);
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return `sha256-${hash.digest('hex').slice(0, 32)}`;
}
