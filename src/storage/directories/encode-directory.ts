import type { AsyncLocalStorage } from 'node:async_hooks';
import { TidemarkError } from '../../base/error';
import { asyncStorage, shareClass, sharedState } from '../../base/shared-state';
import { UnsupportedValueError } from '../../encoding/errors';
import { registerType } from '../../encoding/register-type';
import { TaskDirectory } from '../../task/directory';
import { directoryNamePattern } from '../format/keys';

/** Directories by name, with where they are here. */
export type DirectoryPaths = Map<string, string>;
/** Where a directory is on this machine; undefined when that is not known. */
export type DirectoryPathOf = (name: string) => string | undefined;

/** What is encoded or decoded meanwhile: by any copy of this package. */
const state = sharedState('directories-in-results', () => ({
  saving: undefined as AsyncLocalStorage<DirectoryPaths> | undefined,
  loading: undefined as AsyncLocalStorage<DirectoryPathOf> | undefined,
  /** Whether what is decoded just now came out of a store. */
  isStored: false,
}));

/** What is encoded meanwhile is to be saved: directories are named, not located. @param met gets those in it */
export function encodeForStorage<T>(met: DirectoryPaths, encode: () => T): T {
  return (state.saving ??= asyncStorage<DirectoryPaths>('savedDirectories')).run(met, encode);
}

/** What is decoded meanwhile was encoded to be saved. */
export function decodeWithDirectories<T>(placeOf: DirectoryPathOf, decode: () => T): T {
  return (state.loading ??= asyncStorage<DirectoryPathOf>('loadedDirectories')).run(placeOf, decode);
}

/** What a store holds names a directory outside of it. */
export class ForeignDirectoryError extends TidemarkError {
  static {
    shareClass(ForeignDirectoryError, 'ForeignDirectoryError');
  }
}

/**
 * Decodes what came out of a store: a directory in it is one of the store's, by its name. Our own serializers decode
 * before they return, and others know no directories.
 */
export function decodeFromStorage<T>(decode: () => T): T {
  const before = state.isStored;
  state.isStored = true;
  try {
    return decode();
  } finally {
    state.isStored = before;
  }
}

registerType(TaskDirectory, { name: 'tidemark.TaskDirectory', encode, decode, isImmutable: true });

/** Saved: its name. Sent to another process of this machine: its path as well. */
function encode(directory: TaskDirectory): string | readonly [path: string, name: string | undefined] {
  const name = TaskDirectory.nameOf(directory);
  const met = state.saving?.getStore();
  if (!met) return [directory.path, name];
  if (name === undefined)
    throw new UnsupportedValueError(
      'it',
      'is the directory of a task that is not saved, which is removed when the run ends; save that task as well',
    );
  met.set(name, directory.path);
  return name;
}

function decode(data: ReturnType<typeof encode>): TaskDirectory {
  if (typeof data === 'string' && directoryNamePattern.test(data))
    return new TaskDirectory(state.loading?.getStore()?.(data), data);
  if (typeof data === 'string' || state.isStored)
    throw new ForeignDirectoryError(
      `it holds the directory ${JSON.stringify(data)?.slice(0, 200)}, which is none of the storage's`,
    );
  return new TaskDirectory(data[0], data[1]);
}
