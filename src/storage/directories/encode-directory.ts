import type { AsyncLocalStorage } from 'node:async_hooks';
import { TidemarkError } from '../../base/error';
import { asyncStorage, shareClass, sharedState } from '../../base/shared-state';
import { UnsupportedValueError } from '../../encoding/errors';
import { registerType } from '../../encoding/register-type';
import { TaskDirectory } from '../../task/directory';
import { directoryNamePattern } from '../format/keys';

/** The paths of directories on this machine, by name. */
export type DirectoryPaths = Map<string, string>;
/** The path of a directory on this machine; undefined when it is not known. */
type DirectoryPathOf = (name: string) => string | undefined;

/** The encoding or decoding in progress, of any copy of this package. */
const state = sharedState('directories-in-results', () => ({
  saving: undefined as AsyncLocalStorage<DirectoryPaths> | undefined,
  loading: undefined as AsyncLocalStorage<DirectoryPathOf> | undefined,
  /** The value being decoded comes from a store. */
  isStored: false,
}));

/** Runs `encode` so that directories are encoded by name, not by path. @param met receives the directories in the value */
export function encodeForStorage<T>(met: DirectoryPaths, encode: () => T): T {
  return (state.saving ??= asyncStorage<DirectoryPaths>('savedDirectories')).run(met, encode);
}

/** Runs `decode` on bytes that were encoded to be saved. */
export function decodeWithDirectories<T>(placeOf: DirectoryPathOf, decode: () => T): T {
  return (state.loading ??= asyncStorage<DirectoryPathOf>('loadedDirectories')).run(placeOf, decode);
}

/** Stored bytes name a directory outside of the storage. */
export class ForeignDirectoryError extends TidemarkError {
  static {
    shareClass(ForeignDirectoryError, 'ForeignDirectoryError');
  }
}

/**
 * Runs `decode` on bytes from a store: they may only name directories of the store. The built-in serializers decode
 * before they return, and other serializers know no directories.
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

/** To save, the name; to send to another process of this machine, the path as well. */
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
      `it holds the directory ${JSON.stringify(data)?.slice(0, 200)}, which does not belong to the storage`,
    );
  return new TaskDirectory(data[0], data[1]);
}
