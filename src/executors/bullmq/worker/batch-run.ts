import type { Encryption } from '../../../encoding/encoder';
import type { TaskDefinition } from '../../../task/definition';
import { type BatchData, type BatchedAnswer, hasResult, type JobAnswer } from '../protocol/job-data';
import { type ActiveJob, batchedJobToRun, encodeAnswer } from './active-job';
import type { JobRunner } from './job-runner';

/** How long a batch may take, in milliseconds: what has not begun by then goes back, and comes again one by one. */
const maxDuration = 100;
/** No more is begun when there is so much to answer, in characters. */
const maxAnswersSize = 262_144;

export interface BatchRunOptions {
  readonly running: ActiveJob;
  readonly batch: BatchData;
  readonly task: TaskDefinition;
  readonly encryption: Encryption | null;
  readonly runner: JobRunner;
  /** Called when the batch takes long: no more jobs will be started. @param current the id of the job that runs */
  readonly onLate: (current: string) => void;
}

/** Runs the jobs of a batch one after the other. */
export class BatchRun {
  /** Answers of the jobs that have ended. */
  readonly ended: JobAnswer[] = [];
  readonly #options: BatchRunOptions;
  readonly #answers: string[] = [];
  #size = 0;

  constructor(options: BatchRunOptions) {
    this.#options = options;
  }

  /** Answers of the jobs that have ended, as JSON: `BatchedAnswer`s. */
  get answers(): string {
    return `[${this.#answers.join(',')}]`;
  }

  async run(): Promise<void> {
    const { running, batch, task, encryption, runner, onLate } = this.#options;
    const { acquired, signal } = running;
    // One of them may be why the worker was lost that had it: each of them is to come alone.
    if (acquired.job.stalledCounter > 0) return;
    const start = performance.now();
    let current = '';
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      onLate(current);
    }, maxDuration);
    try {
      for (const bundled of batch.jobs) {
        current = bundled.id;
        const answer = await runner.run(batchedJobToRun(acquired, bundled), signal, task, encryption);
        if (running.stopReason) break;
        await this.#record(current, answer);
        // Tasks that do not wait for anything leave a timer no turn.
        if (isLate || performance.now() - start > maxDuration || this.#size > maxAnswersSize) break;
      }
    } finally {
      clearTimeout(timer);
    }
  }

  async #record(id: string, answer: JobAnswer): Promise<void> {
    const sealed = await encodeAnswer(answer, this.#options.encryption, this.#options.running.acquired.queue.name, id);
    const text = JSON.stringify({ id, isFailed: !hasResult(answer), sealed } satisfies BatchedAnswer);
    this.ended.push(answer);
    this.#answers.push(text);
    this.#size += text.length;
  }
}
