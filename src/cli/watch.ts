import { writeFileSync } from 'node:fs';
import { describeError } from '../base/describe-error';
import type { RunEvent } from '../run/events';
import type { Plan } from '../run/plan';
import type { Run } from '../run/run';
import type { Runner } from '../run/runner';
import type { Storage } from '../storage/storage';
import type { Format } from './draw';
import { ExitCode } from './explain';
import { isDrawnOn, type Notices } from './notices';
import { checkOutput } from './output-file';
import type { MeantTask } from './task-command';

/** What is wanted of a run besides its result. */
export interface WatchOptions {
  readonly quiet?: true;
  /** A file for what ran when. */
  readonly trace?: string;
  /** A file for a picture. */
  readonly graph?: string;
}

/** How many results of a task tell how long it takes. */
const looksAt = 100;

/** Prepares what is to be shown and written of a run. Gives what is to be called with it, at once when it starts. */
export async function watch(
  runner: Runner,
  { cls, params, storage }: MeantTask,
  { quiet, trace, graph }: WatchOptions,
  notices: Notices,
): Promise<(run: Run<unknown>) => Promise<void>> {
  // Before anything runs, since it may be none, or not be writable.
  for (const file of [trace, graph]) if (file !== undefined) checkOutput(file);
  const format = graph === undefined ? undefined : formatFrom(graph);
  const showsBars = !quiet && isDrawnOn(process.stderr);
  // What cannot be planned cannot be run, and that says why.
  const plan = showsBars || graph !== undefined ? await runner.plan(cls, params).catch(() => undefined) : undefined;
  const earlier = showsBars && plan ? await durations(plan, storage) : undefined;
  return async (run) => {
    const watchers: Promise<void>[] = [];
    if (!quiet) {
      const { showProgress } = require('../report/progress') as typeof import('../report/progress');
      watchers.push(showProgress(run.events, { plan, earlier, stream: notices.stream }));
    }
    if (trace !== undefined || graph !== undefined)
      watchers.push(
        // The result of the run is there all the same.
        record(run.events, plan, { trace, graph, format }).catch((error) => {
          notices.say(`cannot write what happened: ${describeError(error)}`);
          process.exitCode = ExitCode.failed;
        }),
      );
    await Promise.all(watchers);
    notices.end();
  };
}

async function record(
  events: AsyncIterable<RunEvent>,
  plan: Plan | undefined,
  { trace, graph, format }: { trace: string | undefined; graph: string | undefined; format: Format | undefined },
): Promise<void> {
  const { toTrace } = require('../report/formats') as typeof import('../report/formats');
  const { pictureOf } = require('../report/picture') as typeof import('../report/picture');
  const { RunRecorder } = require('../report/run-recorder') as typeof import('../report/run-recorder');
  const recorder = new RunRecorder(plan && pictureOf(plan));
  for await (const event of events) recorder.record(event);
  if (trace !== undefined) writeFileSync(trace, toTrace(recorder.picture()));
  if (graph !== undefined && format !== undefined) {
    const { draw } = require('./draw') as typeof import('./draw');
    writeFileSync(graph, await draw(recorder.picture(), format));
  }
}

function formatFrom(file: string): Format {
  const { formatOf } = require('./draw') as typeof import('./draw');
  return formatOf(file);
}

/** How long tasks that are to run took when they were saved, in seconds. */
async function durations(plan: Plan, storage: Storage): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>();
  for (const task of new Set(plan.nodes.filter(({ action }) => action === 'run').map((node) => node.task))) {
    let count = 0;
    let sum = 0;
    for await (const { seconds } of storage.list({ task })) {
      sum += seconds;
      if (++count === looksAt) break;
    }
    if (count > 0) found.set(task, sum / count);
  }
  return found;
}
