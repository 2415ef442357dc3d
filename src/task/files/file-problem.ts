import type { Stats } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { describeError, systemCodeOf } from '../../base/describe-error';
import { TidemarkError } from '../../error';

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'does not exist: a part of its path is a file',
  EACCES: 'cannot be read: permission denied',
  EPERM: 'cannot be read: operation not permitted',
  ELOOP: 'cannot be read: its symbolic links lead in a circle',
  ENAMETOOLONG: 'cannot be read: its path is too long',
};

/** The error for an unreadable file or folder. */
export function fileProblem(path: string, what: 'file' | 'folder', cause: unknown): TidemarkError {
  const code = systemCodeOf(cause);
  const known = code === undefined ? undefined : reasons[code];
  const reason = known ? `${known} (${code})` : `cannot be read: ${describeError(cause)}`;
  return new TidemarkError(`the ${what} ${shown(path)} ${reason}`, { cause });
}

/** A path as given, with the absolute path. */
export function shown(path: string): string {
  return isAbsolute(path) ? path : `${path} (${resolve(path)})`;
}

/** The type of a file that is neither a regular file nor a folder. */
export function kindOf(stats: Pick<Stats, 'isFIFO' | 'isSocket'>): string {
  if (stats.isFIFO()) return 'pipe';
  return stats.isSocket() ? 'socket' : 'device';
}
