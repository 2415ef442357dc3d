import type { Encryption } from '../../../encoding/encoder';
import type { TaskDefinition } from '../../../task/definition';
import type { BundleData, BundledAnswer } from '../bundle-content';
import { isDone, type JobAnswer } from '../job-content';
import { assignmentInBundle } from './assignment';
import type { JobRunner } from './job-runner';
import type { RunningJob } from './running-job';
import { sealAnswer } from './seal-answer';

/** How long a bundle may take, in milliseconds: what has not begun by then goes back, and comes again one by one. */
const takesAtMost = 100;
/** No more is begun when there is so much to answer, in characters. */
const largest = 262_144;

export interface BundleToRun {
  readonly running: RunningJob;
  readonly bundle: BundleData;
  readonly task: TaskDefinition;
  readonly encryption: Encryption | null;
  readonly runner: JobRunner;
  /** Told when it takes long: nothing more will be begun. @param current the id of the job that runs */
  readonly onLate: (current: string) => void;
}

/** Runs the jobs of a bundle one after the other. */
export class BundleRun {
  /** What those came to that have ended by themselves. */
  readonly ended: JobAnswer[] = [];
  readonly #options: BundleToRun;
  readonly #answers: string[] = [];
  #size = 0;

  constructor(options: BundleToRun) {
    this.#options = options;
  }

  /** What became of those that have ended by now: `BundledAnswer`s, as JSON. */
  get answers(): string {
    return `[${this.#answers.join(',')}]`;
  }

  async run(): Promise<void> {
    const { running, bundle, task, encryption, runner, onLate } = this.#options;
    const { taken, signal } = running;
    // One of them may be why the worker was lost that had it: each of them is to come alone.
    if (taken.job.stalledCounter > 0) return;
    const start = performance.now();
    let current = '';
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      onLate(current);
    }, takesAtMost);
    try {
      for (const bundled of bundle.jobs) {
        current = bundled.id;
        const answer = await runner.run(assignmentInBundle(taken, bundled), signal, task, encryption);
        if (running.ending) break;
        await this.#take(current, answer);
        // Tasks that do not wait for anything leave a timer no turn.
        if (isLate || performance.now() - start > takesAtMost || this.#size > largest) break;
      }
    } finally {
      clearTimeout(timer);
    }
  }

  async #take(id: string, answer: JobAnswer): Promise<void> {
    const sealed = await sealAnswer(answer, this.#options.encryption, this.#options.running.taken.queue.name, id);
    const text = JSON.stringify({ id, isFailed: !isDone(answer), sealed } satisfies BundledAnswer);
    this.ended.push(answer);
    this.#answers.push(text);
    this.#size += text.length;
  }
}
