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

/** Options for the reports of a run. */
interface ReportOptions {
  readonly quiet?: true;
  /** File for the trace. */
  readonly trace?: string;
  /** File for the picture. */
  readonly graph?: string;
}

/** The number of saved results that the mean duration of a task is taken from. */
const sampleSize = 100;

/** Prepares the reports of a run. Returns a function to call with the run as soon as it has started. */
async function prepareReports(
  runner: Runner,
  { cls, params, storage }: SelectedTask,
  { quiet, trace, graph }: ReportOptions,
  output: RunOutput,
): Promise<(run: Run<unknown>) => Promise<void>> {
  // Fails before anything runs.
  for (const file of [trace, graph]) if (file !== undefined) checkOutputFile(file);
  const format = graph === undefined ? undefined : formatOfFile(graph);
  const showsBars = !quiet && supportsLiveProgress(process.stderr);
  // If planning fails, so does the run, with the same error.
  const plan = showsBars || graph !== undefined ? await runner.plan(cls, params).catch(() => undefined) : undefined;
  const earlier = showsBars && plan ? await averageSeconds(plan, storage) : undefined;
  return async (run) => {
    const watchers: Promise<void>[] = [];
    if (!quiet) {
      const { showProgress } =
        require('../../report/progress/show-progress') as typeof import('../../report/progress/show-progress');
      watchers.push(showProgress(run.events, { plan, earlier, stream: output.progressStream }));
    }
    if (trace !== undefined || graph !== undefined)
      watchers.push(
        // The run itself is not affected.
        writeReports(run.events, plan, { trace, graph, format }).catch((error) => {
          output.printMessage(`cannot write the report: ${describeError(error)}`);
          process.exitCode = ExitCode.failed;
        }),
      );
    await Promise.all(watchers);
    output.flush();
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

/** Mean durations of the tasks that will run, from saved results, in seconds. */
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
    .option('--quiet', 'print only the result and errors')
    .option('--trace <file>', 'write a trace for https://ui.perfetto.dev')
    .option('--graph <file>', 'draw the graph of the run: .html, .svg, .mmd, .dot or .json')
    .action(async () => {
      const selected = await selectTask(command);
      if (selected) await runCommand(selected, command.opts<Options>());
    });
}

async function runCommand(selected: SelectedTask, options: Options): Promise<void> {
  const output = new RunOutput(process.stderr, {
    isDrawnOver: !options.quiet && supportsLiveProgress(process.stderr),
  });
  const onWarning = (message: string) => void (options.quiet || output.printMessage(`warning: ${message}`));
  const how = toRunOptions(options, selected.file);
  const end = redirectPrinted(output);
  let result: Outcome | undefined;
  try {
    await withRunner(selected, { ...toRunnerOptions(options, selected.file), onWarning }, async (runner) => {
      result = await runTask(runner, selected, { how, options, output });
    });
  } finally {
    // Workers may print until they have ended.
    end();
    output.flush();
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
  selected: SelectedTask,
  { how, options, output }: { readonly how: RunOptions; readonly options: Options; readonly output: RunOutput },
): Promise<Outcome> {
  const watched = await prepareReports(runner, selected, options, output);
  const started = runner.start(selected.cls, selected.params, how);
  const interrupts = stopOnSignals(started, output);
  const watching = watched(started);
  // Awaited below, whatever the outcome of the run.
  watching.catch(() => {});
  try {
    return { value: await started.result };
  } catch (error) {
    if (interrupts.signal === undefined) throw error;
    await watching;
    output.printMessage(`${describeError(error)}\nRun the same command again to continue.`);
    return { interruptedBy: interrupts.signal, error };
  } finally {
    interrupts.release();
    await watching;
  }
}
