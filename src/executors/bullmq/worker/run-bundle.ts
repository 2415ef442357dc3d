import type { Encryption } from '../../../encoding/encoder';
import type { TaskDefinition } from '../../../task/definition';
import type { BundleData, BundledAnswer } from '../bundle-content';
import { seal } from '../envelope';
import { isDone, type JobAnswer } from '../job-content';
import { assignmentInBundle } from './assignment';
import type { JobRunner } from './job-runner';
import type { RunningJob } from './running-job';

/** How long a bundle may take, in milliseconds: what has not begun by then goes back, and others take it one by one. */
const takesAtMost = 100;

export interface BundleToRun {
  readonly running: RunningJob;
  readonly bundle: BundleData;
  readonly task: TaskDefinition;
  readonly encryption: Encryption | null;
  readonly runner: JobRunner;
  readonly onAnswer: (answer: JobAnswer) => void;
}

/** Runs the jobs of a bundle one after the other. Gives what became of those that were begun. */
export async function runBundle(options: BundleToRun): Promise<readonly BundledAnswer[]> {
  const { running, bundle, task, encryption, runner, onAnswer } = options;
  const { taken, signal } = running;
  const answers: BundledAnswer[] = [];
  // One of them may be why the worker was lost that had it: each of them is to come alone.
  if (taken.job.stalledCounter > 0) return answers;
  const start = performance.now();
  for (const bundled of bundle.jobs) {
    const answer = await runner.run(assignmentInBundle(taken, bundled), signal, task, encryption);
    if (running.ending) break;
    onAnswer(answer);
    answers.push({
      id: bundled.id,
      isFailed: !isDone(answer),
      sealed: await seal(answer, encryption, `${bundled.id} answer`),
    });
    if (performance.now() - start > takesAtMost) break;
  }
  return answers;
}
