import { type Advice, describeError, isInstance, systemCodeOf } from '../../base/describe-error';
import { StorageError, type StorageOperation, storageErrorWithAdvice } from '../errors';

const reasons: Readonly<Record<string, Advice>> = {
  EACCES: ['permission denied', 'Make the folder readable and writable'],
  EPERM: ['operation not permitted', 'Make the folder readable and writable'],
  EROFS: ['the disk is read-only', 'Make it writable'],
  ENOSPC: ['the disk is full', 'Free some space'],
  EDQUOT: ['the disk quota is used up', 'Free some space'],
  EFBIG: ['the file would be larger than allowed', 'Raise the limit'],
  ENOTDIR: ['there is a file where a folder should be', 'Move the file away'],
  EEXIST: ['there is a file where a folder should be', 'Move the file away'],
  EISDIR: ['there is a folder where a file should be', 'Move the folder away'],
  ENOENT: ['the folder cannot be made there, or is deleted again and again', 'Let nothing delete it'],
  EMFILE: ['too many open files', 'Raise the limit (ulimit -n)'],
  ENFILE: ['too many open files', 'Raise the limit (ulimit -n)'],
  ENAMETOOLONG: ['the path is too long', 'Use a folder with a shorter path'],
  EIO: ['the disk reports an error', 'Check the disk'],
};

/** Tells what failed, where, and the remedy. A `StorageError` is returned as it is. */
export function fsError(cause: unknown, operation: StorageOperation, root: string, key?: string): StorageError {
  if (isInstance(cause, StorageError)) return cause;
  const code = systemCodeOf(cause);
  const [reason, cure] = reasons[code ?? ''] ?? [describeError(cause), 'Fix the problem'];
  return storageErrorWithAdvice(root, [code === undefined ? reason : `${reason} (${code})`, cure], {
    operation,
    key,
    cause,
  });
}
