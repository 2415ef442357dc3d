import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { ownFile } from '../base/own-folder';
import { UsageError } from './errors';

/** Arguments that give workers the copy of this package that the command line is, when there is no other. */
export type WorkerArguments = readonly string[] | undefined;

/**
 * Sees to it that a file gets this very copy of the package, since only the copy that declared a task knows it.
 *
 * @throws {Misuse} when another copy is installed beside the file
 */
export function provideTidemark(file: string): WorkerArguments {
  const theirs = resolveTidemarkFrom(file);
  if (theirs === undefined) return installResolveHook();
  const own = realpathSync(ownFile('entry/index')!);
  if (theirs === own) return undefined;
  throw new UsageError(
    `${file} uses another copy of tidemark than this command line is, and each copy knows its own tasks only:\n` +
      `    the file's:  ${theirs}\n    this one:    ${own}\n` +
      'Start the command line of the first, in its folder: npx tidemark …',
  );
}

/** Likewise for a config file in a folder, or above it, which may be content with another copy. */
export function provideTidemarkToConfig(folder: string): void {
  if (resolveTidemarkFrom(join(folder, 'tidemark.config.js')) === undefined) installResolveHook();
}

function installResolveHook(): readonly string[] {
  const hook = ownFile('cli/own-copy-hook')!;
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
