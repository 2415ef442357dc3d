import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { TidemarkError } from './error';
import { nodeRequire } from './own-folder';

/** Minimum versions of optional packages; later versions with the same major number are accepted. */
const leastVersions: Readonly<Record<string, string>> = {
  '@keyv/redis': '5.1.6',
  '@mongodb-js/zstd': '1.2.2',
  bullmq: '6.7.0',
  ioredis: '6.0.0',
  lmdb: '3.5.0',
};

/** An optional package is installed in an unsupported version. */
export class UnfitPackageError extends TidemarkError {}

const checked = new Set<string>();

/**
 * Loads an optional package and checks its version.
 *
 * npm does not check the version: a program that does not use the package may have any. Bundlers do not see the import.
 *
 * @throws {UnfitPackageError} if an unsupported version is installed
 * @throws an error with the code `MODULE_NOT_FOUND` if the package is not installed
 */
export function requireOptional(name: string): any {
  const from = requireThatFinds(name);
  checkVersion(name, from.resolve(name));
  return from(name);
}

/**
 * A `require` that finds a package: relative to this file, or to the working folder, since some package managers give
 * a package access only to its declared dependencies.
 *
 * @throws an error with the code `MODULE_NOT_FOUND` if the package is not installed
 */
export function requireThatFinds(name: string): NodeJS.Require {
  try {
    nodeRequire.resolve(name);
    return nodeRequire;
  } catch (error) {
    if (!isMissing(error)) throw error;
    const fromFolder = createRequire(join(process.cwd(), 'package.json'));
    fromFolder.resolve(name);
    return fromFolder;
  }
}

/** True for the error that a package is not installed. */
export function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | undefined)?.code === 'MODULE_NOT_FOUND';
}

function checkVersion(name: string, file: string): void {
  const least = leastVersions[name];
  if (least === undefined || checked.has(file)) return;
  const installed = installedPackage(name, file);
  if (installed !== undefined && !fits(installed.version, least)) {
    const [major] = least.split('.');
    throw new UnfitPackageError(
      `${name} ${least} or a later ${major}.x is needed, but ${installed.version} is installed in ${installed.folder}: npm install ${name}@${major}`,
    );
  }
  checked.add(file);
}

/** The package that a file belongs to; undefined if it cannot be determined. */
function installedPackage(
  name: string,
  file: string,
): { readonly version: string; readonly folder: string } | undefined {
  for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
    try {
      const found = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      if (found.name === name && typeof found.version === 'string') return { version: found.version, folder };
    } catch {
      // No package.json here, or not a valid one.
    }
  }
  return undefined;
}

function fits(version: string, least: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split(/[.+-]/).map(Number);
  const [leastMajor = 0, leastMinor = 0, leastPatch = 0] = least.split('.').map(Number);
  if (major !== leastMajor) return false;
  return minor > leastMinor || (minor === leastMinor && patch >= leastPatch);
}
