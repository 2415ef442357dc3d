import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a folder and those that it is in, where they are missing. Gives the outermost that was made.
 *
 * Node's own way of doing that never ends where the system says that a folder is missing whose parent is there,
 * as it does in `/proc` and in folders that are mounted when they are named.
 */
export function makeWay(path: string): string | undefined {
  try {
    mkdirSync(path);
    return path;
  } catch (error) {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return undefined;
    const parent = dirname(path);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === path) throw error;
    const made = makeWay(parent);
    makeUnlessThere(path);
    return made ?? path;
  }
}

/** Another process may make it at the same moment. */
function makeUnlessThere(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw error;
  }
}
