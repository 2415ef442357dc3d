import { statfsSync } from 'node:fs';
import { getSystemErrorName } from 'node:util';
import { describeError, errorCodeOf, isInstance, stringProperty } from '../../../base/describe-error';
import { StorageError, type StorageOperation, storageErrorWithAdvice } from '../../errors';
import { fsError } from '../../files/fs-error';

type Advice = readonly [name: string, reason: string, cure: string];

const DAMAGED = 'the data file is damaged';
const DELETE = 'Delete the folder, or clear it (COMMAND): what was in it is computed again,';

/** By the codes of LMDB. */
const LMDB_CODES: ReadonlyMap<unknown, Advice> = new Map<unknown, Advice>([
  ['MDB_INVALID', ['MDB_INVALID', 'its data.mdb is not an LMDB file, or is truncated', DELETE]],
  [-30797, ['MDB_PAGE_NOTFOUND', DAMAGED, DELETE]],
  [-30796, ['MDB_CORRUPTED', DAMAGED, DELETE]],
  [-30795, ['MDB_PANIC', DAMAGED, DELETE]],
  [-30793, ['MDB_INVALID', DAMAGED, DELETE]],
  [-30794, ['MDB_VERSION_MISMATCH', 'it was written by another version of LMDB', 'Use that version']],
  [-30790, ['MDB_READERS_FULL', 'too many processes and threads read it', 'Use fewer']],
]);

/** Nothing can be read from the database any more. */
export function isUnusable(error: unknown): boolean {
  const cause = isInstance(error, StorageError) ? error.cause : error;
  return LMDB_CODES.get(errorCodeOf(cause))?.[2] === DELETE;
}

/** The error reports a full disk. */
export function isOfFullDisk(error: unknown): boolean {
  return isInstance(error, StorageError) && stringProperty(error.cause, 'code') === 'ENOSPC';
}

/** Why a commit failed, which `lmdb` reports later. */
export async function causeOf(error: unknown): Promise<unknown> {
  const later = (error as { commitError?: Promise<unknown> } | undefined)?.commitError;
  return later === undefined
    ? error
    : later.then(
        () => error,
        (cause: unknown) => cause,
      );
}

/** Tells what failed, where, and the remedy. A `StorageError` is returned as it is. */
export function lmdbError(cause: unknown, operation: StorageOperation, folder: string, key?: string): StorageError {
  if (isInstance(cause, StorageError)) return cause;
  const code = errorCodeOf(cause);
  const advice = (cause as { isOfLock?: boolean }).isOfLock ? adviceOnLock(String(code)) : LMDB_CODES.get(code);
  if (advice) {
    const [name, reason, cure] = advice;
    const about = key === undefined ? '' : ` (${key})`;
    const message = `cannot use the LMDB database in ${folder}${about}: ${reason} (${name}). ${cure.replace('COMMAND', commandFor(folder))} or choose another storage.`;
    return new StorageError(message, { operation, key, cause });
  }
  // LMDB has the numbers of the system where Node has names.
  if (typeof code !== 'number' || code <= 0) return fsError(cause, operation, folder, key);
  const name = nameOf(code, folder);
  const told = Object.assign(new Error(describeError(cause), { cause }), { code: name });
  if (name !== 'ENOSPC') return fsError(told, operation, folder, key);
  const cure = `Free some space, or clear all of it (${commandFor(folder)}),`;
  return storageErrorWithAdvice(folder, ['the disk is full (ENOSPC)', cure], { operation, key, cause: told });
}

/** The command that clears a database that cannot be opened. */
function commandFor(folder: string): string {
  return `tidemark clear --all --storage '${`lmdb:${folder}`.replaceAll("'", "'\\''")}'`;
}

function adviceOnLock(code: string): Advice | undefined {
  const remove = 'Move lock.mdb away while no process uses the database,';
  if (code === 'MDB_LOCK' || code === 'ENOENT' || code === 'ELOOP') return [code, 'its lock.mdb is not a file', remove];
  if (code === 'EACCES' || code === 'EPERM')
    return [
      code,
      'this user may not read and write its lock.mdb',
      `Grant that permission, also to other users. ${remove}`,
    ];
  return undefined;
}

/** On a full disk LMDB writes less than it wanted, which it takes for an input or output error. */
function nameOf(code: number, folder: string): string {
  const name = process.platform === 'win32' ? `error ${code}` : getSystemErrorName(-code);
  return name === 'EIO' && isFull(folder) ? 'ENOSPC' : name;
}

function isFull(folder: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize < 2 ** 27;
  } catch {
    return false;
  }
}
