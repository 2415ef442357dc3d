import type { Dirent, Stats } from 'node:fs';
import { readdir, readlink, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCodeOf } from '../../base/describe-error';
import { TidemarkError } from '../../error';
import { fileProblem, kindOf, shown } from './file-problem';

/** What is found in a folder. */
export interface WalkedFile {
  /** From the folder that is walked, with `/` between its parts. */
  readonly name: string;
  readonly path: string;
  /** What it is, when it is not a file with content. */
  readonly marker?: string;
  /** Whether somebody named it, so that it must be there. */
  readonly isRequired?: boolean;
}

/** What of a folder is walked. */
export interface WalkOptions {
  /** Whether to look into a folder. @default true for all */
  readonly enters?: (name: string) => boolean;
  /** Whether a file counts. @default true for all */
  readonly includes?: (name: string) => boolean;
}

/** A folder that is being walked. */
interface Level {
  readonly path: string;
  /** Its name and a slash; empty for the first. */
  readonly prefix: string;
  /** Where it is when symbolic links are followed. */
  readonly real: string;
  readonly entries: readonly Dirent[];
  next: number;
}

/** Something in a folder, and where it really is when a link leads to it; or a link that leads nowhere. */
type Followed = { readonly entry: Dirent | Stats; readonly real?: string } | { readonly marker: string };

/**
 * The files in a folder and those below it, in an order that depends on their names only. Symbolic links are followed;
 * a folder that several links lead to is walked once. Holds the names of the folders on the way only.
 *
 * @throws {TidemarkError} when a folder cannot be read
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
      yield found.entry.isFile() ? { name, path } : { name, path, marker: kindOf(found.entry) };
    }
  }
}

/** Where a symbolic link leads; undefined when it is gone. */
async function follow(path: string): Promise<Followed | undefined> {
  try {
    return { entry: await stat(path), real: await realpath(path) };
  } catch (cause) {
    if (systemCodeOf(cause) !== 'ENOENT' && systemCodeOf(cause) !== 'ELOOP') throw fileProblem(path, 'file', cause);
  }
  try {
    // Editors keep their locks in such links.
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
    throw fileProblem(path, 'folder', cause);
  }
}

/** The same for a folder that was there a moment ago. */
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
    throw fileProblem(folder, 'folder', cause);
  }
  throw new TidemarkError(`${shown(folder)} is a file; use fileFingerprint(${JSON.stringify(folder)})`);
}
