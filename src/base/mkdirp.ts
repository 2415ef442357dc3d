import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a folder and its missing parents. Returns the outermost folder that it made.
 *
 * Node's recursive mkdir loops forever where the system reports ENOENT for a folder whose parent exists, as in `/proc`
 * and in automounted folders.
 */
export function mkdirp(path: string): string | undefined {
  try {
    mkdirSync(path);
    return path;
  } catch (error) {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return undefined;
    const parent = dirname(path);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === path) throw error;
    const made = mkdirp(parent);
    mkdirIfMissing(path);
    return made ?? path;
  }
}

/** Another process may make the folder at the same moment. */
function mkdirIfMissing(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw error;
  }
}
