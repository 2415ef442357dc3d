import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { describeError } from '../../base/describe-error';
import type { RunEvent } from '../../run/events';
import type { RunOptions } from '../../run/options';
import type { Plan } from '../../run/plan/plan';
import type { Run } from '../../run/run-handle';
import type { Runner } from '../../run/runner';
import type { Storage } from '../../storage/storage';
import { checkOutputFile, drawPicture, type Format, formatOfFile } from '../draw';
import { ExitCode } from '../errors';
import { print, printErrorJson } from '../output';
import { addRunOptions, type RunCommandOptions, toRunnerOptions, toRunOptions } from '../run-options';
import { RunOutput, redirectPrinted, supportsLiveProgress } from '../run-output';
import { printResult, resultToJson } from '../show-values';
import { type SignalHandling, signalExitCode, stopOnSignals } from '../signals';
import { addTaskArguments, type SelectedTask, selectTask, withRunner } from '../task-command';

/** What is wanted of a run besides its result. */
interface ReportOptions {
  readonly quiet?: true;
  /** A file for what ran when. */
  readonly trace?: string;
  /** A file for a picture. */
  readonly graph?: string;
}

/** How many results of a task tell how long it takes. */
const sampleSize = 100;

/** Prepares what is to be shown and written of a run. Gives what is to be called with it, at once when it starts. */
async function prepareReports(
  runner: Runner,
  { cls, params, storage }: SelectedTask,
  { quiet, trace, graph }: ReportOptions,
  notices: RunOutput,
): Promise<(run: Run<unknown>) => Promise<void>> {
  // Before anything runs, since it may be none, or not be writable.
  for (const file of [trace, graph]) if (file !== undefined) checkOutputFile(file);
  const format = graph === undefined ? undefined : formatOfFile(graph);
  const showsBars = !quiet && supportsLiveProgress(process.stderr);
  // What cannot be planned cannot be run, and that says why.
  const plan = showsBars || graph !== undefined ? await runner.plan(cls, params).catch(() => undefined) : undefined;
  const earlier = showsBars && plan ? await averageSeconds(plan, storage) : undefined;
  return async (run) => {
    const watchers: Promise<void>[] = [];
    if (!quiet) {
      const { showProgress } =
        require('../../report/progress/show-progress') as typeof import('../../report/progress/show-progress');
      watchers.push(showProgress(run.events, { plan, earlier, stream: notices.progressStream }));
    }
    if (trace !== undefined || graph !== undefined)
      watchers.push(
        // The result of the run is there all the same.
        writeReports(run.events, plan, { trace, graph, format }).catch((error) => {
          notices.printMessage(`cannot write what happened: ${describeError(error)}`);
          process.exitCode = ExitCode.failed;
        }),
      );
    await Promise.all(watchers);
    notices.flush();
  };
}

async function writeReports(
  events: AsyncIterable<RunEvent>,
  plan: Plan | undefined,
  { trace, graph, format }: { trace: string | undefined; graph: string | undefined; format: Format | undefined },
): Promise<void> {
  const { toTrace } = require('../../report/formats') as typeof import('../../report/formats');
  const { pictureOf } = require('../../report/picture') as typeof import('../../report/picture');
  const { RunRecorder } = require('../../report/run-recorder') as typeof import('../../report/run-recorder');
  const recorder = new RunRecorder(plan && pictureOf(plan));
  for await (const event of events) recorder.record(event);
  if (trace !== undefined) writeFileSync(trace, toTrace(recorder.picture()));
  if (graph !== undefined && format !== undefined) {
    writeFileSync(graph, await drawPicture(recorder.picture(), format));
  }
}

/** How long tasks that are to run took when they were saved, in seconds. */
async function averageSeconds(plan: Plan, storage: Storage): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>();
  for (const task of new Set(plan.nodes.filter(({ action }) => action === 'run').map((node) => node.task))) {
    let count = 0;
    let sum = 0;
    for await (const { seconds } of storage.list({ task })) {
      sum += seconds;
      if (++count === sampleSize) break;
    }
    if (count > 0) found.set(task, sum / count);
  }
  return found;
}

interface Options extends RunCommandOptions {
  readonly json?: true;
  readonly quiet?: true;
  readonly trace?: string;
  readonly graph?: string;
}

export function define(command: Command): void {
  addTaskArguments(command);
  addRunOptions(command);
  command
    .option('--json', 'print the result as JSON')
    .option('--quiet', 'print the result and errors only')
    .option('--trace <file>', 'write what ran when, for https://ui.perfetto.dev')
    .option('--graph <file>', 'draw the graph with what happened: .html, .svg, .mmd, .dot or .json')
    .action(async () => {
      const meant = await selectTask(command);
      if (meant) await runCommand(meant, command.opts<Options>());
    });
}

async function runCommand(meant: SelectedTask, options: Options): Promise<void> {
  const notices = new RunOutput(process.stderr, {
    isDrawnOver: !options.quiet && supportsLiveProgress(process.stderr),
  });
  const onWarning = (message: string) => void (options.quiet || notices.printMessage(`warning: ${message}`));
  const how = toRunOptions(options, meant.file);
  const end = redirectPrinted(notices);
  let result: Outcome | undefined;
  try {
    await withRunner(meant, { ...toRunnerOptions(options, meant.file), onWarning }, async (runner) => {
      result = await runTask(runner, meant, { how, options, notices });
    });
  } finally {
    // What workers print comes until they have ended.
    end();
    notices.flush();
    if (result) showOutcome(result, options);
  }
}

function showOutcome(result: Outcome, { json }: Options): void {
  if ('interruptedBy' in result) {
    process.exitCode = signalExitCode(result.interruptedBy);
    if (json) printErrorJson(result.error);
  } else if (json) print(`${resultToJson(result.value)}\n`);
  else if (result.value !== undefined) printResult(result.value);
}

type Outcome =
  | { readonly value: unknown }
  | { readonly interruptedBy: NonNullable<SignalHandling['signal']>; readonly error: unknown };

async function runTask(
  runner: Runner,
  meant: SelectedTask,
  { how, options, notices }: { readonly how: RunOptions; readonly options: Options; readonly notices: RunOutput },
): Promise<Outcome> {
  const watched = await prepareReports(runner, meant, options, notices);
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
    notices.printMessage(`${describeError(error)}\nTo go on, give the same command again.`);
    return { interruptedBy: interrupts.signal, error };
  } finally {
    interrupts.release();
    await watching;
  }
}
