import type { Command } from 'commander';
import { describeError } from '../../base/describe-error';
import type { RunOptions } from '../../run/options';
import type { Runner } from '../../run/runner';
import { exitCodeBy, type Interrupts, stopOnSignals } from '../interrupts';
import { isDrawnOn, Notices } from '../notices';
import { print, printFailure } from '../output';
import { divertPrinted } from '../printed';
import { addRunOptions, type HowToRun, runnerOptions, runOptions } from '../run-options';
import { printResult, resultToJson } from '../show-result';
import { addTask, type MeantTask, meantTask, withRunner } from '../task-command';
import { watch } from '../watch';

interface Options extends HowToRun {
  readonly json?: true;
  readonly quiet?: true;
  readonly trace?: string;
  readonly graph?: string;
}

export function define(command: Command): void {
  addTask(command);
  addRunOptions(command);
  command
    .option('--json', 'print the result as JSON')
    .option('--quiet', 'print the result and errors only')
    .option('--trace <file>', 'write what ran when, for https://ui.perfetto.dev')
    .option('--graph <file>', 'draw the graph with what happened: .html, .svg, .mmd, .dot or .json')
    .action(async () => {
      const meant = await meantTask(command);
      if (meant) await run(meant, command.opts<Options>());
    });
}

async function run(meant: MeantTask, options: Options): Promise<void> {
  const notices = new Notices(process.stderr, { isDrawnOver: !options.quiet && isDrawnOn(process.stderr) });
  const onWarning = (message: string) => void (options.quiet || notices.say(`warning: ${message}`));
  const how = runOptions(options, meant.file);
  const end = divertPrinted(notices);
  let result: Outcome | undefined;
  try {
    await withRunner(meant, { ...runnerOptions(options, meant.file), onWarning }, async (runner) => {
      result = await runTask(runner, meant, { how, options, notices });
    });
  } finally {
    // What workers print comes until they have ended.
    end();
    notices.end();
    if (result) show(result, options);
  }
}

function show(result: Outcome, { json }: Options): void {
  if ('interruptedBy' in result) {
    process.exitCode = exitCodeBy(result.interruptedBy);
    if (json) printFailure(result.error);
  } else if (json) print(`${resultToJson(result.value)}\n`);
  else if (result.value !== undefined) printResult(result.value);
}

type Outcome =
  | { readonly value: unknown }
  | { readonly interruptedBy: NonNullable<Interrupts['signal']>; readonly error: unknown };

async function runTask(
  runner: Runner,
  meant: MeantTask,
  { how, options, notices }: { readonly how: RunOptions; readonly options: Options; readonly notices: Notices },
): Promise<Outcome> {
  const watched = await watch(runner, meant, options, notices);
  const started = runner.start(meant.cls, meant.params, how);
  const interrupts = stopOnSignals(started, notices);
  const watching = watched(started);
  // It is awaited below, whatever becomes of the run.
  watching.catch(() => {});
  try {
    return { value: await started.result };
  } catch (error) {
    if (interrupts.signal === undefined) throw error;
    await watching;
    notices.say(`${describeError(error)}\nTo go on, give the same command again.`);
    return { interruptedBy: interrupts.signal, error };
  } finally {
    interrupts.release();
    await watching;
  }
}
