import { createRequire } from 'node:module';
import { isMissing, requireOptional, requireThatFinds, UnfitPackageError } from '../../base/optional-package';
import { StorageError } from '../errors';

/**
 * Loads an optional package.
 *
 * @param neededFor the storage that needs it: 'Redis'
 * @param by a package that depends on it
 * @throws {StorageError} when it is not installed, or its version is not supported
 */
export function loadPackage(name: string, neededFor: string, by?: string): any {
  try {
    return by === undefined ? requireOptional(name) : createRequire(requireThatFinds(by).resolve(by))(name);
  } catch (cause) {
    throw explained(cause, name, neededFor);
  }
}

/** @throws {StorageError} when a package is not installed */
export function checkInstalled(name: string, neededFor: string): void {
  try {
    requireThatFinds(name);
  } catch (cause) {
    throw explained(cause, name, neededFor);
  }
}

function explained(cause: unknown, name: string, neededFor: string): unknown {
  const storage = `${/^(?:LMDB|[AEIOU][a-z])/.test(neededFor) ? 'an' : 'a'} ${neededFor} storage`;
  if (cause instanceof UnfitPackageError)
    return new StorageError(`${storage}: ${cause.message}, or choose another storage.`, { operation: 'open', cause });
  if (!isMissing(cause)) return cause;
  return new StorageError(
    `${storage} needs the package ${name}: install it with \`npm install ${name}\`, or choose another storage.`,
    { operation: 'open', cause },
  );
}
