import { setTimeout as wait } from 'node:timers/promises';
import { causesOf, describeError, errorCodeOf, explainError, isInstance } from '../base/describe-error';
import type { TaskKey } from '../task/context';
import type { TaskDirectoryStore } from './directories/task-directory-store';
import { StorageError } from './errors';
import type { StorageStack } from './storage-stack';

/** Clears a result: deletes it, and makes results computed from it invalid. Returns false if there was none. */
export async function clearResult(
  stack: StorageStack,
  key: TaskKey,
  directories?: TaskDirectoryStore,
): Promise<boolean> {
  const [folder, name] = key.split(/\/(.*)/s) as [string, string];
  return (
    (await markAndDelete(stack, folder, name, async () => ((await stack.delete(key, directories)) ? [key] : [])))
      .length > 0
  );
}

/** Clears all results of a task. Returns their keys. */
export function clearTask(
  stack: StorageStack,
  folder: string,
  directories?: TaskDirectoryStore,
): Promise<readonly TaskKey[]> {
  return markAndDelete(stack, folder, undefined, () => stack.deleteTask(folder, directories));
}

/**
 * Writes the mark first: without it, results computed from the deleted ones would still count. In a full store, the
 * results are deleted first, to make room for the mark.
 */
async function markAndDelete(
  stack: StorageStack,
  folder: string,
  name: string | undefined,
  remove: () => Promise<readonly TaskKey[]>,
): Promise<readonly TaskKey[]> {
  try {
    await stack.mark(folder, name);
  } catch (error) {
    if (!isFull(error)) throw error;
    const deleted = await remove();
    await retryMark(stack, folder, name, deleted);
    return deleted;
  }
  return remove();
}

async function retryMark(
  stack: StorageStack,
  folder: string,
  name: string | undefined,
  deleted: readonly TaskKey[],
): Promise<void> {
  try {
    for (let attempt = 1; ; attempt++) {
      try {
        return await stack.mark(folder, name);
      } catch (error) {
        if (!isFull(error) || attempt === attempts) throw error;
        // A store may free deleted space with a delay.
        await wait(pause);
      }
    }
  } catch (cause) {
    const results = deleted.length === 1 ? '1 result' : `${deleted.length} results`;
    throw new StorageError(
      `${results} of ${folder} deleted, but what came from such results still counts, because the mark for it could not be written: ${explainError(cause).replace(/\.?$/, '.')} Make room and clear again; storage.clear() (tidemark clear --all) needs no room.`,
      { operation: 'write', cause },
    );
  }
}

/** The attempts to write a mark after the deletion, and the pause between them in milliseconds. */
const attempts = 5;
const pause = 50;

/** The codes of systems, databases and Redis for a store without room. */
const full = new Set(['ENOSPC', 'EDQUOT', 'SQLITE_FULL', '53100', '-30792', 'ER_RECORD_FILE_FULL', 'ER_DISK_FULL']);

/** A write failed because the store has no room. */
function isFull(error: unknown): boolean {
  for (let cause: unknown = error, depth = 0; cause !== undefined && depth < 10; depth++) {
    if (full.has(String(errorCodeOf(cause))) || /^OOM\b/.test(describeError(cause))) return true;
    const [next] = causesOf(cause);
    cause = next;
  }
  return isInstance(error, StorageError) && /\bmemory is full\b|\bdisk is full\b/.test(error.message);
}
