import { createHash } from 'node:crypto';
import { TidemarkError } from '../error';
import { fileDigest } from './files/file-digest';
import { codeOf } from './files/file-problem';
import { matchFiles } from './files/match-files';
import { type WalkedFile, walkFiles } from './files/walk-files';

/** How many files of a folder are looked at at once. */
const filesAtOnce = 32;

/**
 * The content of a file, or of several, for a task's `fingerprint()`.
 *
 * The content alone decides: a copy, a fresh clone or a touched file has the same fingerprint, and another content has
 * another one, whatever its size and times. An unchanged file of 64 KiB or more is not read again, in this process or
 * another one. Of several files, or those that match a pattern, the names count as well, relative to the folder that
 * they have in common; the order in which they are given does not.
 *
 * @param path the file, absolute or from the working folder; a pattern such as `data/*.csv` or `data/**`, with `/`
 *   between folders; or several of these, of which patterns that begin with `!` exclude files
 * @throws {TidemarkError} when a file does not exist or cannot be read, is a folder, or when nothing matches a pattern
 * @example
 * fingerprint() { return fileFingerprint(this.path); }
 * @example
 * fingerprint() { return fileFingerprint(['data/*.csv', '!data/draft-*', 'schema.json']); }
 */
export async function fileFingerprint(path: string | readonly string[]): Promise<string> {
  const { single, files } = await matchFiles(Array.isArray(path) ? path : [path]);
  return single === undefined ? fingerprintOf(files) : `sha256-${await fileDigest(single)}`;
}

/**
 * The content and names of all files in a folder and below it, for a task's `fingerprint()`.
 *
 * Names are relative to the folder, so that a copy of it has the same fingerprint. Symbolic links are followed. Empty
 * folders, times and permissions do not count.
 *
 * @param path the folder, absolute or from the working folder
 * @throws {TidemarkError} when the folder does not exist, is a file, or something in it cannot be read
 * @example
 * fingerprint() { return folderFingerprint(this.folder); }
 */
export async function folderFingerprint(path: string): Promise<string> {
  if (typeof path !== 'string' || path === '')
    throw new TidemarkError(`folderFingerprint was given ${JSON.stringify(path)}; give the path of a folder`);
  return fingerprintOf(walkFiles(path));
}

async function fingerprintOf(files: Iterable<WalkedFile> | AsyncIterable<WalkedFile>): Promise<string> {
  const all = createHash('sha256');
  for await (const line of inOrder(files)) if (line !== undefined) all.update(line);
  return `sha256-${all.digest('hex').slice(0, 32)}`;
}

/** A line for each file, in the order of the files, of which a limited number are looked at at once. */
async function* inOrder(
  files: Iterable<WalkedFile> | AsyncIterable<WalkedFile>,
): AsyncGenerator<string | undefined, void> {
  const pending: Promise<string | undefined>[] = [];
  for await (const file of files) {
    const line = lineOf(file);
    line.catch(() => {});
    pending.push(line);
    if (pending.length >= filesAtOnce) yield pending.shift();
  }
  yield* pending;
}

/** The name and content of a file; undefined when it was deleted meanwhile. */
async function lineOf({ name, path, marker, isRequired }: WalkedFile): Promise<string | undefined> {
  // File systems differ in how they write accents.
  const written = JSON.stringify(name.normalize('NFC'));
  if (marker !== undefined) return `${written} ${JSON.stringify(marker)}\n`;
  try {
    return `${written} ${await fileDigest(path)}\n`;
  } catch (error) {
    const isGone = codeOf((error as Error).cause) === 'ENOENT';
    // A name that is not valid UTF-8 cannot be opened, and looks as if it was not there.
    if (isGone && !isRequired && !name.includes('\ufffd')) return undefined;
    throw error;
  }
}
