import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { ownFile } from '../base/own-folder';
import { UsageError } from './errors';

/** Node arguments with which workers resolve 'tidemark' to this copy; undefined when they find it themselves. */
export type WorkerArguments = readonly string[] | undefined;

/**
 * Makes 'tidemark' resolve to this copy of the package in a file, since each copy knows only its own tasks.
 *
 * @throws {UsageError} when another copy is installed for the file
 */
export function provideTidemark(file: string): WorkerArguments {
  const theirs = resolveTidemarkFrom(file);
  if (theirs === undefined) return installResolveHook();
  const own = realpathSync(ownFile('entry/index')!);
  if (theirs === own) return undefined;
  throw new UsageError(
    `${file} uses another copy of tidemark than this command, and each copy knows only its own tasks:\n` +
      `    the file's:  ${theirs}\n    this one:    ${own}\n` +
      'Run the command of the first one, in its folder: npx tidemark …',
  );
}

/** The same for a config file in a folder or above it, which may use another copy. */
export function provideTidemarkToConfig(folder: string): void {
  if (resolveTidemarkFrom(join(folder, 'tidemark.config.js')) === undefined) installResolveHook();
}

function installResolveHook(): readonly string[] {
  const hook = ownFile('cli/resolve-hook')!;
  require(hook);
  return [...process.execArgv, '-r', hook];
}

function resolveTidemarkFrom(file: string): string | undefined {
  try {
    return realpathSync(createRequire(file).resolve('tidemark'));
  } catch {
    return undefined;
  }
}
