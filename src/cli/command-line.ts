import { Command, CommanderError } from 'commander';
import { exitCodeOf, formatError } from './errors';
import { exitOnWriteError, print, printErrorJson, printMessage } from './output';
import { exitOnSignalsAsInit } from './signals';

/** What a file in `commands` exports: says which arguments and options its command has, and what it does. */
interface CommandFile {
  define(command: Command): void;
}

const commands: Readonly<Record<string, readonly [summary: string, load: () => CommandFile]>> = {
  run: [
    'run a task of a file and print its result',
    () => require('./commands/run') as typeof import('./commands/run'),
  ],
  worker: [
    'take tasks of runs with --executor bullmq, on this machine or others, and run them',
    () => require('./commands/worker') as typeof import('./commands/worker'),
  ],
  plan: [
    'what a run would load and what it would run, and why',
    () => require('./commands/plan') as typeof import('./commands/plan'),
  ],
  why: [
    'what differs between a task and the nearest result that is saved',
    () => require('./commands/why') as typeof import('./commands/why'),
  ],
  graph: [
    'draw the graph of a task: what would be loaded and what would run',
    () => require('./commands/graph') as typeof import('./commands/graph'),
  ],
  ls: ['list the saved results', () => require('./commands/ls') as typeof import('./commands/ls')],
  show: [
    'a saved result: its record, what it came from, what came from it, its value',
    () => require('./commands/show') as typeof import('./commands/show'),
  ],
  stats: [
    'how many results are saved of each task, and how many bytes they take',
    () => require('./commands/stats') as typeof import('./commands/stats'),
  ],
  clear: [
    'forget results and all that came from them',
    () => require('./commands/clear') as typeof import('./commands/clear'),
  ],
  rm: [
    'delete saved results; what came from them stays valid',
    () => require('./commands/rm') as typeof import('./commands/rm'),
  ],
  init: [
    'make a small project that runs at once',
    () => require('./commands/init') as typeof import('./commands/init'),
  ],
};

/** The commands; of those that are not meant, only the summary is known. */
function makeProgram(args: readonly string[]): Command {
  const { version } = require('../../package.json') as { readonly version: string };
  const program = new Command('tidemark')
    .description('Checkpointed task graphs: runs what has to be run, and loads what is saved.')
    .version(version)
    .exitOverride()
    .configureOutput({ writeOut: print, writeErr: (text) => printMessage(text.trimEnd()) })
    .showSuggestionAfterError();
  const meant = args.find((arg) => Object.hasOwn(commands, arg));
  for (const [name, [summary, load]] of Object.entries(commands)) {
    const command = program
      .command(name)
      .summary(summary)
      .description(`${capitalize(summary)}.`);
    if (name !== meant) continue;
    load().define(command);
    command.option('--verbose', 'with an error, show where in the code it happened');
  }
  return program;
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Does what the arguments say, then ends the process: a task file may have left timers or connections behind. */
export async function runCommandLine(args: readonly string[]): Promise<void> {
  exitOnWriteError();
  exitOnSignalsAsInit();
  try {
    await makeProgram(args).parseAsync(args, { from: 'user' });
  } catch (error) {
    // Commander has said what is wrong.
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
