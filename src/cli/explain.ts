import { CommanderError } from 'commander';
import { describeError } from '../base/describe-error';
import { TidemarkError } from '../error';
import { LoadError } from '../load/load-error';
import { RunFailedError } from '../run/failure';
import { DeclarationError } from '../task/declaration-error';
import { Misuse } from './misuse';

/** What the process ends with. */
export const ExitCode = { failed: 1, misuse: 2 } as const;

/** 2 when nothing could be run as it was asked for; 1 when something failed. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : ExitCode.misuse;
  const isMisuse = error instanceof Misuse || error instanceof DeclarationError || error instanceof LoadError;
  return isMisuse ? ExitCode.misuse : ExitCode.failed;
}

/** An error for people: what happened, and its stack only when that is asked for. */
export function explain(error: unknown, isVerbose: boolean): string {
  const hint = hasMoreToTell(error) && !isVerbose ? '\n(--verbose shows where in the code)' : '';
  return `${describeError(error)}${hint}${isVerbose ? stacksOf(error) : ''}`;
}

/** Whether code of the user's, or a mistake in this package, threw it. */
function hasMoreToTell(error: unknown): boolean {
  if (error instanceof Misuse) return false;
  if (error instanceof RunFailedError) return error.errors.some(({ cause }) => hasMoreToTell(cause));
  if (error instanceof LoadError) return error.cause !== undefined && !(error.cause instanceof TidemarkError);
  return !(error instanceof TidemarkError);
}

function stacksOf(error: unknown): string {
  const causes = error instanceof RunFailedError ? error.errors.map(({ cause }) => cause) : [];
  const thrown = causes.length > 0 ? causes : chainOf(error);
  return thrown.map((one) => `\n\n${(one as Error | undefined)?.stack ?? describeError(one)}`).join('');
}

function chainOf(error: unknown): readonly unknown[] {
  const chain: unknown[] = [];
  for (let at = error; at !== undefined && chain.length < 10; at = (at as Error).cause) {
    chain.push(at);
    if (!(at instanceof Error)) break;
  }
  return chain;
}
