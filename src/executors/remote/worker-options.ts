import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isUrl } from '../../base/built-in-classes';
import { type Allowed, anything, checkOptions } from '../../base/check-options';
import { TidemarkError } from '../../base/error';
import { nodeRequire } from '../../base/own-folder';

/** Options that pools of threads and of processes share. */
export interface WorkerPoolOptions {
  /** The files that declare the tasks, JavaScript or TypeScript: paths, file URLs, or names as `require` takes them. */
  readonly modules: readonly (string | URL)[];
  /** How many workers there are. @default os.availableParallelism() */
  readonly size?: number;
  /** A file that exports the workers' `container` (or has it as its default export). @default typedi's, in each worker */
  readonly container?: string | URL;
  /** Arguments for Node in the workers. @default those of this process */
  readonly execArgv?: readonly string[];
}

const common: Readonly<Record<keyof WorkerPoolOptions, Allowed>> = {
  modules: {
    includes: (value) => Array.isArray(value) && value.length > 0 && value.every(isPlace),
    text: 'a list of the files that declare the tasks, such as [__filename]',
  },
  size: anything,
  container: { includes: isPlace, text: 'the path of a file that exports a container' },
  execArgv: { includes: isTexts, text: 'a list of arguments' },
};

/** @throws {TidemarkError} for options that cannot be */
export function checkPoolOptions(
  options: WorkerPoolOptions,
  pool: string,
  more: Readonly<Record<string, Allowed>>,
): void {
  if (typeof options !== 'object' || options === null)
    throw new TidemarkError(
      `${pool}() needs to know which files declare the tasks: ${pool}({ modules: [__filename] })`,
    );
  checkOptions({ ...options, modules: options.modules ?? [] }, { ...common, ...more }, `${pool}()`);
}

/** The file that is meant, as a path. */
export function fileOf(place: string | URL): string {
  const text = String(place);
  if (text.startsWith('file:')) return fileURLToPath(text);
  const path = resolve(text);
  if (/^\.{0,2}[\\/]/.test(text) || existsSync(path)) return path;
  try {
    return nodeRequire.resolve(text, { paths: [process.cwd()] });
  } catch {
    // The worker reports the missing file.
    return path;
  }
}

export function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function isPlace(value: unknown): boolean {
  return (typeof value === 'string' && value !== '') || (typeof value === 'object' && value !== null && isUrl(value));
}
