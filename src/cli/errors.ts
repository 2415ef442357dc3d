import { CommanderError } from 'commander';
import { describeError } from '../base/describe-error';
import { TidemarkError } from '../base/error';
import { LoadError } from '../load/load-error';
import { RunFailedError } from '../run/errors';
import { DeclarationError } from '../task/errors';

/** The arguments of a command are wrong. Nothing ran. */
export class UsageError extends TidemarkError {}

/** Exit codes of the process. */
export const ExitCode = { failed: 1, usage: 2 } as const;

/** 2 for wrong arguments, declarations or files; 1 for a failure. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : ExitCode.usage;
  const isUsageError = error instanceof UsageError || error instanceof DeclarationError || error instanceof LoadError;
  return isUsageError ? ExitCode.usage : ExitCode.failed;
}

/** Formats an error for people, with stacks only on request. */
export function formatError(error: unknown, isVerbose: boolean): string {
  const hint = hasUsefulStack(error) && !isVerbose ? '\n(--verbose shows the stack)' : '';
  return `${describeError(error)}${hint}${isVerbose ? stackTraces(error) : ''}`;
}

/** True for errors thrown by user code, or by a bug of this package. */
function hasUsefulStack(error: unknown): boolean {
  if (error instanceof UsageError) return false;
  if (error instanceof RunFailedError) return error.errors.some(({ cause }) => hasUsefulStack(cause));
  if (error instanceof LoadError) return error.cause !== undefined && !(error.cause instanceof TidemarkError);
  return !(error instanceof TidemarkError);
}

function stackTraces(error: unknown): string {
  const causes = error instanceof RunFailedError ? error.errors.map(({ cause }) => cause) : [];
  const thrown = causes.length > 0 ? causes : causeChain(error);
  return thrown.map((one) => `\n\n${(one as Error | undefined)?.stack ?? describeError(one)}`).join('');
}

function causeChain(error: unknown): readonly unknown[] {
  const chain: unknown[] = [];
  for (let at = error; at !== undefined && chain.length < 10; at = (at as Error).cause) {
    chain.push(at);
    if (!(at instanceof Error)) break;
  }
  return chain;
}
