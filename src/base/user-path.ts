import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { TidemarkError } from './error';

/** A shell variable at the start of a path. */
const variable = /^(?:\$\w+|\$\{\w+\}|%\w+%)(?=[/\\]|$)/;
const home = /^~(?=[/\\]|$)/;

/**
 * The absolute path for a path that a user has written: a leading `~` is the home folder.
 *
 * @throws {TidemarkError} for text that a shell would have replaced or removed
 */
export function userPath(path: string, from: string = process.cwd()): string {
  const problem = problemOf(path);
  if (problem !== undefined) throw new TidemarkError(problem);
  return home.test(path) ? join(homeFolder(), path.slice(1)) : resolve(from, path);
}

function problemOf(path: string): string | undefined {
  const shown = JSON.stringify(path);
  if (path.includes('\0')) return `${shown} is not a path: it contains a null character`;
  if (path !== path.trim()) return `${shown} starts or ends with white space: remove it, or append a /`;
  const [name] = variable.exec(path) ?? [];
  if (name !== undefined)
    return `variables in ${shown} are not expanded: write the value of ${name}, or './${path}' for a folder of that name`;
  if (path.startsWith('~') && !home.test(path))
    return `home folders of other users are not supported: write ${shown} in full, or './${path}' for a folder of that name`;
  return undefined;
}

function homeFolder(): string {
  const folder = homedir();
  if (isAbsolute(folder)) return folder;
  throw new TidemarkError(`'~' means the home folder, which is unknown: HOME is ${JSON.stringify(folder)}`);
}
