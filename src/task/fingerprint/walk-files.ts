import type { Dirent, Stats } from 'node:fs';
import { readdir, readlink, realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import { describeError, systemCodeOf } from '../../base/describe-error';
import { TidemarkError } from '../../base/error';

/** A file found in a folder. */
export interface WalkedFile {
  /** Relative to the walked folder, with `/` as separator. */
  readonly name: string;
  readonly path: string;
  /** Describes an entry that is not a file with content. */
  readonly marker?: string;
  /** True for a file that was named explicitly, so that it must exist. */
  readonly isRequired?: boolean;
}

/** Limits a walk. */
interface WalkOptions {
  /** Selects the folders to enter. @default all */
  readonly enters?: (name: string) => boolean;
  /** Selects files. @default all */
  readonly includes?: (name: string) => boolean;
}

/** A folder on the current path of the walk. */
interface Level {
  readonly path: string;
  /** The relative path with a trailing slash; empty for the root. */
  readonly prefix: string;
  /** The path with symbolic links resolved. */
  readonly real: string;
  readonly entries: readonly Dirent[];
  next: number;
}

/** An entry, with its real path if it is a link; or a marker for a broken link. */
type Followed = { readonly entry: Dirent | Stats; readonly real?: string } | { readonly marker: string };

/**
 * All files in a folder and its subfolders, in an order that depends only on their names. Follows symbolic links; walks
 * a folder with several links once. Keeps only the names of the folders on the current path in memory.
 *
 * @throws {TidemarkError} if a folder cannot be read
 */
export async function* walkFiles(folder: string, options: WalkOptions = {}): AsyncGenerator<WalkedFile> {
  const { enters = () => true, includes = () => true } = options;
  const levels = [await openLevel(folder, '', await realpathOf(folder))];
  const linked = new Map<string, string>();
  for (let level = levels.at(-1); level; level = levels.at(-1)) {
    const entry = level.entries[level.next++];
    if (!entry) {
      levels.pop();
      continue;
    }
    const name = level.prefix + entry.name;
    const path = join(level.path, entry.name);
    const found: Followed | undefined = entry.isSymbolicLink() ? await follow(path) : { entry };
    if (!found) continue;
    if ('marker' in found) {
      if (includes(name)) yield { name, path, marker: found.marker };
    } else if (found.entry.isDirectory()) {
      if (!enters(name)) continue;
      const real = found.real ?? join(level.real, entry.name);
      const known = levels.some((other) => other.real === real) ? 'a folder that it is in' : linked.get(real);
      if (known !== undefined) {
        yield { name, path, marker: `the same as ${known}` };
        continue;
      }
      if (found.real !== undefined) linked.set(real, name);
      const below = await openLevelIfThere(path, `${name}/`, real);
      if (below) levels.push(below);
    } else if (includes(name)) {
      yield found.entry.isFile() ? { name, path } : { name, path, marker: specialFileType(found.entry) };
    }
  }
}

/** Resolves a symbolic link; undefined if it was removed. */
async function follow(path: string): Promise<Followed | undefined> {
  try {
    return { entry: await stat(path), real: await realpath(path) };
  } catch (cause) {
    if (systemCodeOf(cause) !== 'ENOENT' && systemCodeOf(cause) !== 'ELOOP')
      throw unreadableFileError(path, 'file', cause);
  }
  try {
    // Editors use such links as locks.
    return { marker: `a link to ${await readlink(path)}, where nothing is` };
  } catch {
    return undefined;
  }
}

async function openLevel(path: string, prefix: string, real: string): Promise<Level> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    return { path, prefix, real, entries, next: 0 };
  } catch (cause) {
    throw unreadableFileError(path, 'folder', cause);
  }
}

/** Opens a folder that may have been removed meanwhile. */
async function openLevelIfThere(path: string, prefix: string, real: string): Promise<Level | undefined> {
  try {
    return await openLevel(path, prefix, real);
  } catch (error) {
    if (systemCodeOf((error as Error).cause) === 'ENOENT') return undefined;
    throw error;
  }
}

async function realpathOf(folder: string): Promise<string> {
  try {
    if ((await stat(folder)).isDirectory()) return await realpath(folder);
  } catch (cause) {
    throw unreadableFileError(folder, 'folder', cause);
  }
  throw new TidemarkError(`${showPath(folder)} is a file; use fileFingerprint(${JSON.stringify(folder)})`);
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'does not exist: a part of its path is a file',
  EACCES: 'cannot be read: permission denied',
  EPERM: 'cannot be read: operation not permitted',
  ELOOP: 'cannot be read: its symbolic links form a cycle',
  ENAMETOOLONG: 'cannot be read: its path is too long',
};

/** The error for an unreadable file or folder. */
export function unreadableFileError(path: string, what: 'file' | 'folder', cause: unknown): TidemarkError {
  const code = systemCodeOf(cause);
  const known = code === undefined ? undefined : reasons[code];
  const reason = known ? `${known} (${code})` : `cannot be read: ${describeError(cause)}`;
  return new TidemarkError(`the ${what} ${showPath(path)} ${reason}`, { cause });
}

/** A path as given, with the absolute path. */
export function showPath(path: string): string {
  return isAbsolute(path) ? path : `${path} (${resolve(path)})`;
}

/** The type of a file that is neither a regular file nor a folder. */
export function specialFileType(stats: Pick<Stats, 'isFIFO' | 'isSocket'>): string {
  if (stats.isFIFO()) return 'pipe';
  return stats.isSocket() ? 'socket' : 'device';
}
