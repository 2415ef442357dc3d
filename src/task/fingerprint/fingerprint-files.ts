import { createHash } from 'node:crypto';
import { lstat } from 'node:fs/promises';
import { dirname, join, parse, relative, resolve, sep } from 'node:path';
import { systemCodeOf } from '../../base/describe-error';
import { TidemarkError } from '../../base/error';
import { fileDigest } from './file-digest';
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
    throw new TidemarkError(`folderFingerprint received ${JSON.stringify(path)}: pass the path of a folder`);
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

/** A path, or a pattern split at its first wildcard. */
interface PathPattern {
  readonly text: string;
  /** Absolute. */
  readonly base: string;
  /** Undefined for the path of one file. */
  readonly matches: ((name: string) => boolean) | undefined;
  /** True for a folder in which the pattern may match. */
  readonly enters: (name: string) => boolean;
  readonly isExclusion: boolean;
}

/** The files that paths and patterns name. */
interface MatchedFiles {
  /** The path, if one file is named. */
  readonly single: string | undefined;
  /** Named relative to their common folder, sorted by name. */
  readonly files: readonly WalkedFile[];
}

/**
 * The files that paths and patterns name, each once.
 *
 * @throws {TidemarkError} if a path does not exist, or a pattern matches nothing
 */
async function matchFiles(paths: readonly string[]): Promise<MatchedFiles> {
  const given = await Promise.all(paths.map(parsePattern));
  const wanted = given.filter(({ isExclusion }) => !isExclusion);
  const [first] = wanted;
  if (!first) throw new TidemarkError('fileFingerprint received no file: pass a path, a pattern, or several');
  if (wanted.length === 1 && !first.matches) return { single: first.text, files: [] };
  const excluded = given.filter(({ isExclusion }) => isExclusion);
  const isExcluded = (path: string) => excluded.some((one) => matchesPath(one, path));
  const root = commonFolder(wanted.map(({ base, matches }) => (matches ? base : dirname(base))));
  const files = new Map<string, WalkedFile>();
  for (const one of wanted) {
    for (const file of await findFiles(one))
      if (!isExcluded(file.path)) files.set(file.path, { ...file, name: portable(relative(root, file.path)) });
  }
  if (files.size === 0) throw new TidemarkError(`fileFingerprint: ${paths.join(', ')} match no file`);
  return { single: undefined, files: [...files.values()].sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

async function parsePattern(text: string): Promise<PathPattern> {
  if (typeof text !== 'string' || text === '')
    throw new TidemarkError(`fileFingerprint received ${JSON.stringify(text)}: pass the path of a file, or a pattern`);
  const path = { text, base: resolve(text), matches: undefined, enters: () => false, isExclusion: false };
  // File names may contain wildcard characters.
  const isThere = await lstat(path.base).then(
    () => true,
    () => false,
  );
  if (isThere) return path;
  const picomatch = require('picomatch') as typeof import('picomatch');
  const { base, glob, isGlob, negated } = picomatch.scan(text, { unescape: true });
  if (!isGlob && !negated) return path;
  const matches = isGlob ? picomatch(glob, { dot: negated }) : () => true;
  return { text, base: resolve(base), matches, enters: entersFor(glob), isExclusion: negated };
}

function entersFor(glob: string): (name: string) => boolean {
  const isDeep = glob.includes('**') || /[{(][^)}]*\//.test(glob);
  const depth = isDeep ? Number.POSITIVE_INFINITY : glob.split('/').length;
  const namesHidden = /(^|[/{(|,])\\?\./.test(glob);
  return (name) => {
    const parts = name.split('/');
    return parts.length < depth && (namesHidden || !parts.at(-1)!.startsWith('.'));
  };
}

async function findFiles({ text, base, matches, enters }: PathPattern): Promise<readonly WalkedFile[]> {
  if (!matches) return [{ name: '', path: base, isRequired: true }];
  const found: WalkedFile[] = [];
  try {
    for await (const file of walkFiles(base, { enters, includes: matches })) found.push(file);
  } catch (error) {
    throw new TidemarkError(`cannot search for ${text}: ${(error as Error).message}`, { cause: error });
  }
  if (found.length === 0) throw new TidemarkError(`no file in ${base} matches ${text}`);
  return found;
}

function matchesPath({ base, matches }: PathPattern, path: string): boolean {
  return path === base || (path.startsWith(join(base, sep)) && matches!(portable(relative(base, path))));
}

function commonFolder(folders: readonly string[]): string {
  let common = folders[0]!;
  while (!folders.every((folder) => folder === common || folder.startsWith(join(common, sep)))) {
    if (common === parse(common).root) return common;
    common = dirname(common);
  }
  return common;
}

function portable(path: string): string {
  return sep === '/' ? path : path.replaceAll(sep, '/');
}
