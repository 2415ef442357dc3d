import { CommanderError } from 'commander';
import { exitCodeOf, explain } from './explain';
import { endByDefault } from './interrupts';
import { endWhenUnwritable, printFailure, say } from './output';
import { makeProgram } from './program';

/** Does what the arguments say, then ends the process: a task file may have left timers or connections behind. */
export async function commandLine(args: readonly string[]): Promise<void> {
  endWhenUnwritable();
  endByDefault();
  try {
    await makeProgram(args).parseAsync(args, { from: 'user' });
  } catch (error) {
    // Commander has said what is wrong.
    if (!(error instanceof CommanderError)) say(explain(error, args.includes('--verbose')));
    process.exitCode = exitCodeOf(error);
    if (args.includes('--json') && process.exitCode !== 0) printFailure(error);
  }
  await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
  process.exit();
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write('', () => resolve()));
}
