import { CommanderError } from 'commander';
import { exitCodeOf, explain } from './explain';
import { makeProgram } from './program';

/** Does what the arguments say, then ends the process: a task file may have left timers or connections behind. */
export async function commandLine(args: readonly string[]): Promise<void> {
  // Whoever reads the output may have seen enough: `tidemark ls | head -1`.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  try {
    await makeProgram(args).parseAsync(args, { from: 'user' });
  } catch (error) {
    // Commander has said what is wrong.
    if (!(error instanceof CommanderError)) process.stderr.write(`${explain(error, args.includes('--verbose'))}\n`);
    process.exitCode = exitCodeOf(error);
  }
  await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
  process.exit();
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write('', () => resolve()));
}
