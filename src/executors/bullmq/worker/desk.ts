import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { describeError } from '../../../base/describe-error';
import type { Encryption } from '../../../encoding/encoder';
import type { TaskDefinition } from '../../../task/definition';
import { type BundleData, type BundleOver, isBundle } from '../bundle-content';
import { isBroken } from '../connection';
import { seal } from '../envelope';
import { insist } from '../insist';
import { isDone, type JobAnswer } from '../job-content';
import type { Keys } from '../names';
import type { RunsSeen } from '../run-keeper';
import type { WorkerBoard, WorkerNotice } from '../worker-board';
import { assignmentOf } from './assignment';
import type { Attempt } from './attempt';
import { BundleRun } from './bundle-run';
import type { JobRunner } from './job-runner';
import { whyNobodyCan } from './refusal';
import { RunningJob } from './running-job';
import { sealAnswer } from './seal-answer';
import type { TaskList } from './task-list';
import type { Taken, WorkerQueue } from './worker-queue';

/** How long a job is put off that only others can run, in milliseconds: at first, and at most. */
const putOffFor = 100;
const putOffAtMost = 2_000;

/** How long the answers of a bundle lie in Redis until a driver that is cut off reads them, in milliseconds. */
const answersKeptFor = 600_000;

const aborted: Attempt = { answer: { type: 'aborted' } };

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
        `the answer of ${taken.job.name} (job ${taken.id}) could not be given: Redis lost the job, or another worker has it by now (${describeError(error)}); who waits for it asks again`,
      );
      return undefined;
    } finally {
      this.running.delete(running);
    }
  }

  async #work(running: RunningJob, wantsNext: () => boolean): Promise<Taken | undefined> {
    const { taken } = running;
    const { data } = taken;
    const { tasks, runner } = this.#parts;
    if (taken.problem !== undefined) return this.#refuseUnreadable(running, taken.problem, wantsNext);
    const task = tasks.find(data.task, data.version);
    if (!task) return this.#refuse(running, wantsNext);
    // What is said of a bundle as a whole goes to jobs that are called otherwise, and is no secret.
    const encryption = isBundle(data) ? null : runner.encryptionOf(task);
    const early = await this.#withoutRunning(taken);
    if (!early && isBundle(data)) return this.#workBundle(running, data, task, wantsNext);
    const answer = early
      ? this.#signed(early)
      : await runner.run(assignmentOf(taken), running.signal, task, encryption);
    if (running.isForgotten || running.ending === 'lost') return undefined;
    if (running.ending === 'handed back') {
      running.isAnswered = true;
      await this.#deliver(() => taken.queue.handBack(taken));
      return undefined;
    }
    const given = running.ending === 'aborted' ? this.#signed(aborted) : answer;
    return this.#answer(running, given, encryption, wantsNext);
  }

  async #workBundle(
    running: RunningJob,
    bundle: BundleData,
    task: TaskDefinition,
    wantsNext: () => boolean,
  ): Promise<Taken | undefined> {
    const { taken } = running;
    const { runner } = this.#parts;
    const encryption = runner.encryptionOf(task);
    const onLate = (current: string) => void this.#sayLate(running, run, current).catch(ignore);
    const run = new BundleRun({ running, bundle, task, encryption, runner, onLate });
    await run.run();
    if (running.isForgotten || running.ending === 'lost') return undefined;
    if (running.ending === 'aborted') return this.#answer(running, this.#signed(aborted), null, wantsNext);
    running.isAnswered = true;
    const place = { kind: 'answer', queue: taken.queue.name, id: taken.id } as const;
    const over = await seal(await this.#leaveAnswers(run), null, place);
    const next = await this.#deliver(() => taken.queue.complete(taken, over, wantsNext()));
    for (const answer of run.ended) this.#count(answer, taken.queue);
    return next;
  }

  /** A bundle takes long: those that wait for its jobs need not wait for the one that still runs. */
  async #sayLate({ taken }: RunningJob, run: BundleRun, current: string): Promise<void> {
    await taken.queue.tell(taken, { ...(await this.#leaveAnswers(run)), running: current });
  }

  /** Leaves the answers of a bundle beside the events, of which many are kept. Gives where they are. */
  async #leaveAnswers({ answers: text }: BundleRun): Promise<BundleOver> {
    const { client, keys } = this.#parts;
    const answers = randomUUID();
    await this.#deliver(() => client.set(keys.answers(answers), text, 'PX', answersKeptFor));
    return { answers };
  }

  /** What needs no running: the job of a worker that was lost too often, or one that nobody waits for any more. */
  async #withoutRunning({ job, data }: Taken): Promise<Attempt | undefined> {
    const { run, isSaved } = data;
    if (job.deferredFailure !== undefined && job.deferredFailure !== null && !isBundle(data))
      return {
        answer: { type: 'lost', times: job.stalledCounter, lockDuration: this.#parts.lockDuration, workers: [] },
      };
    if (isSaved || run === undefined || (await this.#parts.runs.isAlive(run))) return undefined;
    return aborted;
  }

  /** This worker has not got the task, or another version of it. */
  async #refuse(running: RunningJob, wantsNext: () => boolean): Promise<Taken | undefined> {
    const { taken } = running;
    const message = await whyNobodyCan(taken, this.#parts.board, this.#parts.notice);
    if (message === undefined) {
      running.isAnswered = true;
      const delay = Math.min(putOffFor * 2 ** Math.min(taken.job.attemptsStarted || 0, 10), putOffAtMost);
      this.#parts.onRefusal(taken.queue, delay * 2);
      await this.#deliver(() => taken.queue.putOff(taken, delay * (0.5 + Math.random())));
      return undefined;
    }
    // There is nothing in it that is to be kept secret.
    return this.#answer(running, this.#signed({ answer: { type: 'refused', message } }), null, wantsNext);
  }

  /** A job that is not what was put there: it fails alone, and the worker goes on. */
  async #refuseUnreadable(running: RunningJob, problem: string, wantsNext: () => boolean): Promise<Taken | undefined> {
    const { taken } = running;
    const message = `job ${taken.id} of queue ${taken.queue.name} is not what was written to Redis: ${problem}. See who else writes to the Redis of the queues, and use one version of tidemark for runner and workers`;
    this.#parts.onWarning(message);
    const answer = this.#signed({ answer: { type: 'refused', message, isUnreadable: true } });
    try {
      return await this.#answer(running, answer, null, wantsNext);
    } catch (error) {
      if (isBroken(error)) throw error;
      await taken.queue.discard(taken, await sealAnswer(answer, null, taken.queue.name, taken.id));
      this.#count(answer, taken.queue);
      return undefined;
    }
  }

  async #answer(
    running: RunningJob,
    answer: JobAnswer,
    encryption: Encryption | null,
    wantsNext: () => boolean,
  ): Promise<Taken | undefined> {
    const { taken } = running;
    const { queue, id } = taken;
    const sealed = await sealAnswer(answer, encryption, queue.name, id);
    running.isAnswered = true;
    const next = await this.#deliver(() =>
      isDone(answer) ? queue.complete(taken, sealed, wantsNext()) : queue.fail(taken, sealed, wantsNext()),
    );
    const { data } = taken;
    this.#count(answer, queue, isBundle(data) ? data.jobs.length : 1);
    return next;
  }

  /** An answer that has arrived is not taken twice. */
  #deliver<T>(send: () => Promise<T>): Promise<T> {
    return insist(this.#parts.client, send);
  }

  #count(answer: JobAnswer, { bullName }: WorkerQueue, jobs = 1): void {
    if (isDone(answer)) this.done += jobs;
    else if (answer.type !== 'aborted' && answer.type !== 'missing') {
      this.failed += jobs;
      this.#parts.client.hincrby(this.#parts.keys.failed, bullName, jobs).catch(ignore);
    }
  }

  #signed({ answer, bytes = [], output = '' }: Attempt): JobAnswer {
    return { ...answer, bytes, output, worker: this.#parts.notice.name } as JobAnswer;
  }
}

function ignore(): void {}
