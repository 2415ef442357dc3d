import { createRequire } from 'node:module';
import { join } from 'node:path';
import { StorageError } from '../../storage-error';

/**
 * A package that the user installs: found from here, or from where the program runs, since some package managers
 * show a package only what it names itself.
 *
 * @param by a package that has it for itself @throws {StorageError} when it is not installed
 */
export function loadPackage(name: string, neededFor: string, by?: string): any {
  const from = requireThatFinds(by ?? name, neededFor);
  return by === undefined ? from(name) : createRequire(from.resolve(by))(name);
}

/** @throws {StorageError} when a package is not installed */
export function requireThatFinds(name: string, neededFor: string): NodeJS.Require {
  const requires = [require, createRequire(join(process.cwd(), 'package.json'))];
  for (const from of requires) {
    try {
      from.resolve(name);
      return from;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error;
    }
  }
  throw new StorageError(
    `a ${neededFor} storage needs the package ${name}: install it with \`npm install ${name}\`, or choose another storage.`,
    { operation: 'open' },
  );
}
