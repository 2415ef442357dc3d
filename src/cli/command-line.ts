import { Command, CommanderError } from 'commander';
import { exitCodeOf, formatError } from './errors';
import { exitOnWriteError, print, printErrorJson, printMessage } from './output';
import { exitOnSignalsAsInit } from './signals';

/** A file in `commands`. Its `define` adds arguments, options and the action to a command. */
interface CommandFile {
  define(command: Command): void;
}

const commands: Readonly<Record<string, readonly [summary: string, load: () => CommandFile]>> = {
  run: [
    'run a task of a file and print its result',
    () => require('./commands/run') as typeof import('./commands/run'),
  ],
  worker: [
    'run tasks for runs with --executor bullmq, on this machine or another',
    () => require('./commands/worker') as typeof import('./commands/worker'),
  ],
  plan: [
    'show what a run would load and run, and why',
    () => require('./commands/plan') as typeof import('./commands/plan'),
  ],
  why: [
    'compare a task with the most similar saved result',
    () => require('./commands/why') as typeof import('./commands/why'),
  ],
  graph: [
    'draw the graph of a task, with what would be loaded and run',
    () => require('./commands/graph') as typeof import('./commands/graph'),
  ],
  ls: ['list saved results', () => require('./commands/ls') as typeof import('./commands/ls')],
  show: [
    'show a saved result: record, sources, dependents and value',
    () => require('./commands/show') as typeof import('./commands/show'),
  ],
  stats: [
    'count the saved results of each task and their bytes',
    () => require('./commands/stats') as typeof import('./commands/stats'),
  ],
  clear: [
    'invalidate results and everything computed from them',
    () => require('./commands/clear') as typeof import('./commands/clear'),
  ],
  rm: [
    'delete saved results; results computed from them stay valid',
    () => require('./commands/rm') as typeof import('./commands/rm'),
  ],
  init: [
    'create a small project that is ready to run',
    () => require('./commands/init') as typeof import('./commands/init'),
  ],
};

/** Makes the commands. Only the one that the arguments name is loaded. */
function makeProgram(args: readonly string[]): Command {
  const { version } = require('../../package.json') as { readonly version: string };
  const program = new Command('tidemark')
    .description('Checkpointed task graphs: loads saved results and runs only the rest.')
    .version(version)
    .exitOverride()
    .configureOutput({ writeOut: print, writeErr: (text) => printMessage(text.trimEnd()) })
    .showSuggestionAfterError();
  const named = args.find((arg) => Object.hasOwn(commands, arg));
  for (const [name, [summary, load]] of Object.entries(commands)) {
    const command = program
      .command(name)
      .summary(summary)
      .description(`${capitalize(summary)}.`);
    if (name !== named) continue;
    load().define(command);
    command.option('--verbose', 'show the stack of an error');
  }
  return program;
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Runs a command, then ends the process, since a task file may leave timers or connections open. */
export async function runCommandLine(args: readonly string[]): Promise<void> {
  exitOnWriteError();
  exitOnSignalsAsInit();
  try {
    await makeProgram(args).parseAsync(args, { from: 'user' });
  } catch (error) {
    // Commander has printed its own errors.
    if (!(error instanceof CommanderError)) printMessage(formatError(error, args.includes('--verbose')));
    process.exitCode = exitCodeOf(error);
    if (args.includes('--json') && process.exitCode !== 0) printErrorJson(error);
  }
  await Promise.all([flush(process.stdout), flush(process.stderr)]);
  process.exit();
}

function flush(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write('', () => resolve()));
}
