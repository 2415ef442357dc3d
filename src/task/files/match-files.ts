import { lstat } from 'node:fs/promises';
import { dirname, join, parse, relative, resolve, sep } from 'node:path';
import { TidemarkError } from '../../error';
import { type WalkedFile, walkFiles } from './walk-files';

/** A path, or a pattern split at its first wildcard. */
interface Given {
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
export interface MatchedFiles {
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
export async function matchFiles(paths: readonly string[]): Promise<MatchedFiles> {
  const given = await Promise.all(paths.map(read));
  const wanted = given.filter(({ isExclusion }) => !isExclusion);
  const [first] = wanted;
  if (!first) throw new TidemarkError('fileFingerprint was given no file: give a path, a pattern, or several of them');
  if (wanted.length === 1 && !first.matches) return { single: first.text, files: [] };
  const excluded = given.filter(({ isExclusion }) => isExclusion);
  const isExcluded = (path: string) => excluded.some((one) => includes(one, path));
  const root = commonFolder(wanted.map(({ base, matches }) => (matches ? base : dirname(base))));
  const files = new Map<string, WalkedFile>();
  for (const one of wanted) {
    for (const file of await filesOf(one))
      if (!isExcluded(file.path)) files.set(file.path, { ...file, name: portable(relative(root, file.path)) });
  }
  if (files.size === 0) throw new TidemarkError(`fileFingerprint: ${paths.join(', ')} leave no file`);
  return { single: undefined, files: [...files.values()].sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

async function read(text: string): Promise<Given> {
  if (typeof text !== 'string' || text === '')
    throw new TidemarkError(`fileFingerprint was given ${JSON.stringify(text)}; give the path of a file, or a pattern`);
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

async function filesOf({ text, base, matches, enters }: Given): Promise<readonly WalkedFile[]> {
  if (!matches) return [{ name: '', path: base, isRequired: true }];
  const found: WalkedFile[] = [];
  try {
    for await (const file of walkFiles(base, { enters, includes: matches })) found.push(file);
  } catch (error) {
    throw new TidemarkError(`no files can be found for ${text}: ${(error as Error).message}`, { cause: error });
  }
  if (found.length === 0) throw new TidemarkError(`no file in ${base} matches ${text}`);
  return found;
}

function includes({ base, matches }: Given, path: string): boolean {
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
