import type { Redis } from 'ioredis';
import type { Encryption } from '../../../encoding/encoder';
import type { TaskDefinition } from '../../../task/definition';
import { type BundleData, isBundle } from '../bundle-content';
import { seal } from '../envelope';
import { insist } from '../insist';
import { isDone, type JobAnswer } from '../job-content';
import type { Keys } from '../names';
import type { RunsSeen } from '../run-keeper';
import type { WorkerBoard, WorkerNotice } from '../worker-board';
import { assignmentOf } from './assignment';
import type { Attempt } from './attempt';
import type { JobRunner } from './job-runner';
import { whyNobodyCan } from './refusal';
import { runBundle } from './run-bundle';
import { RunningJob } from './running-job';
import type { TaskList } from './task-list';
import type { Taken, WorkerQueue } from './worker-queue';

/** How long a job is put off that only others can run, in milliseconds: at first, and at most. */
const putOffFor = 100;
const putOffAtMost = 2_000;

/** How long the answers of a bundle lie in Redis until a driver that is cut off reads them, in milliseconds. */
const answersKeptFor = 600_000;

export interface DeskParts {
  readonly client: Redis;
  readonly keys: Keys;
  readonly board: WorkerBoard;
  readonly runs: RunsSeen;
  readonly tasks: TaskList;
  readonly runner: JobRunner;
  readonly notice: WorkerNotice;
  readonly lockDuration: number;
  /** Told when a job begins. */
  readonly onBegin: (running: RunningJob) => void;
  /** Told when a job was given back that this worker cannot run, and for how long it is put off. */
  readonly onRefusal: (queue: WorkerQueue, delay: number) => void;
  readonly onWarning: (message: string) => void;
}

/** Where jobs come in and answers go out. */
export class Desk {
  readonly running = new Set<RunningJob>();
  readonly #parts: DeskParts;
  done = 0;
  failed = 0;

  constructor(parts: DeskParts) {
    this.#parts = parts;
  }

  /** Does a job. Gives the queue's next one, when that is wanted and there is one. */
  async work(taken: Taken, wantsNext: () => boolean): Promise<Taken | undefined> {
    const running = new RunningJob(taken);
    this.running.add(running);
    try {
      this.#parts.onBegin(running);
      return await this.#work(running, wantsNext);
    } catch (error) {
      // The job is another's by now, or Redis does not know it: whoever waits for it adds it again.
      this.#parts.onWarning(
        `the answer of ${taken.job.name} (job ${taken.id}) could not be given: Redis lost the job, or another worker has it by now (${(error as Error).message}); who waits for it asks again`,
      );
      return undefined;
    } finally {
      this.running.delete(running);
    }
  }

  async #work(running: RunningJob, wantsNext: () => boolean): Promise<Taken | undefined> {
    const { taken } = running;
    const { job } = taken;
    const { tasks, runner } = this.#parts;
    const task = tasks.find(job.data.task, job.data.version);
    if (!task) return this.#refuse(running, wantsNext);
    const encryption = runner.encryptionOf(task);
    const early = await this.#withoutRunning(taken);
    if (!early && isBundle(job.data)) return this.#workBundle(running, job.data, task, wantsNext);
    const answer = early
      ? this.#signed(early)
      : await runner.run(assignmentOf(taken), running.signal, task, encryption);
    if (running.isForgotten || running.ending === 'lost') return undefined;
    if (running.ending === 'handed back') {
      running.isAnswered = true;
      await this.#deliver(() => taken.queue.handBack(taken));
      return undefined;
    }
    const given = running.ending === 'aborted' ? this.#signed({ answer: { type: 'aborted' } }) : answer;
    return this.#answer(running, given, encryption, wantsNext);
  }

  async #workBundle(
    running: RunningJob,
    bundle: BundleData,
    task: TaskDefinition,
    wantsNext: () => boolean,
  ): Promise<Taken | undefined> {
    const { taken } = running;
    const { runner, client, keys } = this.#parts;
    const encryption = runner.encryptionOf(task);
    const count = (answer: JobAnswer) => this.#count(answer, taken.queue);
    const answers = await runBundle({ running, bundle, task, encryption, runner, onAnswer: count });
    if (running.isForgotten || running.ending === 'lost') return undefined;
    if (running.ending === 'aborted')
      return this.#answer(running, this.#signed({ answer: { type: 'aborted' } }), encryption, wantsNext);
    running.isAnswered = true;
    // Beside the event that says so, since many of these are kept.
    const text = JSON.stringify(answers);
    await this.#deliver(() => client.set(keys.answers(taken.id), text, 'PX', answersKeptFor));
    const sealed = { json: { answers: answers.length }, bytes: [] };
    return this.#deliver(() => taken.queue.complete(taken, sealed, wantsNext()));
  }

  /** What needs no running: the job of a worker that was lost too often, or one that nobody waits for any more. */
  async #withoutRunning({ job }: Taken): Promise<Attempt | undefined> {
    const { run, isSaved } = job.data;
    if (job.deferredFailure !== undefined && job.deferredFailure !== null && !isBundle(job.data))
      return {
        answer: { type: 'lost', times: job.stalledCounter, lockDuration: this.#parts.lockDuration, workers: [] },
      };
    if (isSaved || run === undefined || (await this.#parts.runs.isAlive(run))) return undefined;
    return { answer: { type: 'aborted' } };
  }

  /** This worker has not got the task, or another version of it. */
  async #refuse(running: RunningJob, wantsNext: () => boolean): Promise<Taken | undefined> {
    const { taken } = running;
    const message = await whyNobodyCan(taken, this.#parts.board, this.#parts.notice);
    if (message === undefined) {
      running.isAnswered = true;
      const delay = Math.min(putOffFor * 2 ** Math.min(taken.job.attemptsStarted, 10), putOffAtMost);
      this.#parts.onRefusal(taken.queue, delay * 2);
      await this.#deliver(() => taken.queue.putOff(taken, delay * (0.5 + Math.random())));
      return undefined;
    }
    // There is nothing in it that is to be kept secret.
    return this.#answer(running, this.#signed({ answer: { type: 'refused', message } }), null, wantsNext);
  }

  async #answer(
    running: RunningJob,
    answer: JobAnswer,
    encryption: Encryption | null,
    wantsNext: () => boolean,
  ): Promise<Taken | undefined> {
    const { taken } = running;
    const { queue, id } = taken;
    const sealed = await seal(answer, encryption, `${id} answer`);
    running.isAnswered = true;
    const next = await this.#deliver(() =>
      isDone(answer) ? queue.complete(taken, sealed, wantsNext()) : queue.fail(taken, sealed, wantsNext()),
    );
    this.#count(answer, queue);
    return next;
  }

  /** An answer that has arrived is not taken twice. */
  #deliver<T>(send: () => Promise<T>): Promise<T> {
    return insist(this.#parts.client, send);
  }

  #count(answer: JobAnswer, { bullName }: WorkerQueue): void {
    if (isDone(answer)) this.done++;
    else if (answer.type !== 'aborted' && answer.type !== 'missing') {
      this.failed++;
      this.#parts.client.hincrby(this.#parts.keys.failed, bullName, 1).catch(() => undefined);
    }
  }

  #signed({ answer, bytes = [], output = '' }: Attempt): JobAnswer {
    return { ...answer, bytes, output, worker: this.#parts.notice.name, took: 0 } as JobAnswer;
  }
}
