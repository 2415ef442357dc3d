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

/** The error for a file or folder that cannot be fingerprinted: which one, and why. */
export function fileProblem(path: string, what: 'file' | 'folder', cause: unknown): TidemarkError {
  const code = systemCodeOf(cause);
  const known = code === undefined ? undefined : reasons[code];
  const reason = known ? `${known} (${code})` : `cannot be read: ${describeError(cause)}`;
  return new TidemarkError(`the ${what} ${shown(path)} ${reason}`, { cause });
}

/** A path as it was given, and where that is. */
export function shown(path: string): string {
  return isAbsolute(path) ? path : `${path} (${resolve(path)})`;
}

/** The name of what is neither a file nor a folder. */
export function kindOf(stats: Pick<Stats, 'isFIFO' | 'isSocket'>): string {
  if (stats.isFIFO()) return 'pipe';
  return stats.isSocket() ? 'socket' : 'device';
}
