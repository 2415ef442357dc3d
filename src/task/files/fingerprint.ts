import { createHash } from 'node:crypto';
import { systemCodeOf } from '../../base/describe-error';
import { TidemarkError } from '../../error';
import { fileDigest } from './file-digest';
import { matchFiles } from './match-files';
import { type WalkedFile, walkFiles } from './walk-files';

/** Number of files that are read concurrently. */
const filesAtOnce = 32;

/** See `fileFingerprint`. */
export async function fingerprintFiles(path: string | readonly string[]): Promise<string> {
  const { single, files } = await matchFiles(Array.isArray(path) ? path : [path]);
  return single === undefined ? fingerprintOf(files) : `sha256-${await fileDigest(single)}`;
}

/** See `folderFingerprint`. */
export async function fingerprintFolder(path: string): Promise<string> {
  if (typeof path !== 'string' || path === '')
    throw new TidemarkError(`folderFingerprint was given ${JSON.stringify(path)}; give the path of a folder`);
  return fingerprintOf(walkFiles(path));
}

async function fingerprintOf(files: Iterable<WalkedFile> | AsyncIterable<WalkedFile>): Promise<string> {
  const all = createHash('sha256');
  for await (const line of inOrder(files)) if (line !== undefined) all.update(line);
  return `sha256-${all.digest('hex').slice(0, 32)}`;
}

/** A line per file, in the order of the files, reading a limited number concurrently. */
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

/** The name and content of a file; undefined if it was deleted meanwhile. */
async function lineOf({ name, path, marker, isRequired }: WalkedFile): Promise<string | undefined> {
  // File systems normalise accents differently.
  const written = JSON.stringify(name.normalize('NFC'));
  if (marker !== undefined) return `${written} ${JSON.stringify(marker)}\n`;
  try {
    return `${written} ${await fileDigest(path)}\n`;
  } catch (error) {
    const isGone = systemCodeOf((error as Error).cause) === 'ENOENT';
    // A name that is not valid UTF-8 cannot be opened, and seems missing.
    if (isGone && !isRequired && !name.includes('\ufffd')) return undefined;
    throw error;
  }
}
