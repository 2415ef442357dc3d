import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { describeError } from '../../../base/describe-error';
import type { Encryption } from '../../../encoding/encoder';
import type { TaskDefinition } from '../../../task/definition';
import { isDisconnect, retryOnDisconnect } from '../connection';
import {
  type BatchData,
  type BatchOutcome,
  hasResult,
  isBatch,
  type JobAnswer,
  type JobData,
} from '../protocol/job-data';
import { encodePayload } from '../protocol/payload';
import type { RedisKeys } from '../protocol/redis-keys';
import type { WorkerRegistration, WorkerRegistry } from '../protocol/worker-registry';
import { ActiveJob, encodeAnswer, type JobOutcome, jobToRun } from './active-job';
import { BatchRun } from './batch-run';
import type { HeartbeatReader } from './cancellations';
import type { JobRunner } from './job-runner';
import type { TaskList } from './task-list';
import type { AcquiredJob, WorkerQueue } from './worker-queue';

/** How long a job is put off that only others can run, in milliseconds: at first, and at most. */
const minDelay = 100;
const maxDelay = 2_000;

/** How long answers of a batch are kept for a disconnected driver, in milliseconds. */
const answersTtl = 600_000;

const aborted: JobOutcome = { answer: { type: 'aborted' } };

interface JobProcessorParts {
  readonly client: Redis;
  readonly keys: RedisKeys;
  readonly registry: WorkerRegistry;
  readonly heartbeats: HeartbeatReader;
  readonly tasks: TaskList;
  readonly runner: JobRunner;
  readonly registration: WorkerRegistration;
  readonly lockDuration: number;
  /** Called when a job starts. */
  readonly onBegin: (running: ActiveJob) => void;
  /** Called when a job that this worker cannot run was postponed, with the delay. */
  readonly onUnsupported: (queue: WorkerQueue, delay: number) => void;
  readonly onWarning: (message: string) => void;
}

/** Processes acquired jobs, from their data to their answer. */
export class JobProcessor {
  readonly running = new Set<ActiveJob>();
  readonly #parts: JobProcessorParts;
  done = 0;
  failed = 0;

  constructor(parts: JobProcessorParts) {
    this.#parts = parts;
  }

  /** Processes a job. Returns the next job of the queue, when it is wanted and there is one. */
  async process(taken: AcquiredJob, wantsNext: () => boolean): Promise<AcquiredJob | undefined> {
    const running = new ActiveJob(taken);
    this.running.add(running);
    try {
      this.#parts.onBegin(running);
      return await this.#process(running, wantsNext);
    } catch (error) {
      // Another worker has the job, or Redis has lost it: the driver adds it again.
      this.#parts.onWarning(
        `the answer of ${taken.job.name} (job ${taken.id}) could not be given: Redis lost the job, or another worker has it by now (${describeError(error)}); the driver adds it again`,
      );
      return undefined;
    } finally {
      this.running.delete(running);
    }
  }

  async #process(running: ActiveJob, wantsNext: () => boolean): Promise<AcquiredJob | undefined> {
    const { acquired } = running;
    const { data } = acquired;
    const { tasks, runner } = this.#parts;
    if (acquired.problem !== undefined) return this.#rejectUnreadable(running, acquired.problem, wantsNext);
    const task = tasks.find(data.task, data.version);
    if (!task) return this.#rejectUnsupported(running, wantsNext);
    // The answer of a whole batch is bound to another id than those of its jobs, and contains no secret.
    const encryption = isBatch(data) ? null : runner.encryptionOf(task);
    const early = await this.#outcomeWithoutRunning(acquired);
    if (!early && isBatch(data)) return this.#processBatch(running, data, task, wantsNext);
    const answer = early
      ? this.#toAnswer(early)
      : await runner.run(jobToRun(acquired), running.signal, task, encryption);
    if (running.isForgotten || running.stopReason === 'lost') return undefined;
    if (running.stopReason === 'handed back') {
      running.isAnswered = true;
      await this.#retry(() => acquired.queue.handBack(acquired));
      return undefined;
    }
    const given = running.stopReason === 'aborted' ? this.#toAnswer(aborted) : answer;
    return this.#giveAnswer(running, given, encryption, wantsNext);
  }

  async #processBatch(
    running: ActiveJob,
    bundle: BatchData,
    task: TaskDefinition,
    wantsNext: () => boolean,
  ): Promise<AcquiredJob | undefined> {
    const { acquired } = running;
    const { runner } = this.#parts;
    const encryption = runner.encryptionOf(task);
    const onLate = (current: string) => void this.#reportLate(running, run, current).catch(ignore);
    const run = new BatchRun({ running, batch: bundle, task, encryption, runner, onLate });
    await run.run();
    if (running.isForgotten || running.stopReason === 'lost') return undefined;
    if (running.stopReason === 'aborted') return this.#giveAnswer(running, this.#toAnswer(aborted), null, wantsNext);
    running.isAnswered = true;
    const place = { kind: 'answer', queue: acquired.queue.name, id: acquired.id } as const;
    const over = await encodePayload(await this.#leaveAnswers(run), null, place);
    const next = await this.#retry(() => acquired.queue.complete(acquired, over, wantsNext()));
    for (const answer of run.ended) this.#count(answer, acquired.queue);
    return next;
  }

  /** A batch takes long: those that wait for its jobs need not wait for the one that still runs. */
  async #reportLate({ acquired }: ActiveJob, run: BatchRun, current: string): Promise<void> {
    await acquired.queue.report(acquired, { ...(await this.#leaveAnswers(run)), running: current });
  }

  /** Leaves the answers of a batch beside the events, of which many are kept. Gives where they are. */
  async #leaveAnswers({ answers: text }: BatchRun): Promise<BatchOutcome> {
    const { client, keys } = this.#parts;
    const answers = randomUUID();
    await this.#retry(() => client.set(keys.batchAnswers(answers), text, 'PX', answersTtl));
    return { answers };
  }

  /** Outcome without a run: too many workers were lost with the job, or no live run needs it. */
  async #outcomeWithoutRunning({ job, data }: AcquiredJob): Promise<JobOutcome | undefined> {
    const { run, isSaved } = data;
    if (job.deferredFailure !== undefined && job.deferredFailure !== null && !isBatch(data))
      return {
        answer: { type: 'lost', times: job.stalledCounter, lockDuration: this.#parts.lockDuration, workers: [] },
      };
    if (isSaved || run === undefined || (await this.#parts.heartbeats.isAlive(run))) return undefined;
    return aborted;
  }

  /** This worker has not got the task, or another version of it. */
  async #rejectUnsupported(running: ActiveJob, wantsNext: () => boolean): Promise<AcquiredJob | undefined> {
    const { acquired } = running;
    const message = await whyUnsupported(acquired, this.#parts.registry, this.#parts.registration);
    if (message === undefined) {
      running.isAnswered = true;
      const delay = Math.min(minDelay * 2 ** Math.min(acquired.job.attemptsStarted || 0, 10), maxDelay);
      this.#parts.onUnsupported(acquired.queue, delay * 2);
      await this.#retry(() => acquired.queue.postpone(acquired, delay * (0.5 + Math.random())));
      return undefined;
    }
    // There is nothing in it that is to be kept secret.
    return this.#giveAnswer(running, this.#toAnswer({ answer: { type: 'refused', message } }), null, wantsNext);
  }

  /** A job that is not what was put there: it fails alone, and the worker goes on. */
  async #rejectUnreadable(
    running: ActiveJob,
    problem: string,
    wantsNext: () => boolean,
  ): Promise<AcquiredJob | undefined> {
    const { acquired } = running;
    const message = `job ${acquired.id} of queue ${acquired.queue.name} is not what was written to Redis: ${problem}. Check which other programs write to the Redis of the queues, and use one version of tidemark for runner and workers`;
    this.#parts.onWarning(message);
    const answer = this.#toAnswer({ answer: { type: 'refused', message, isUnreadable: true } });
    try {
      return await this.#giveAnswer(running, answer, null, wantsNext);
    } catch (error) {
      if (isDisconnect(error)) throw error;
      await acquired.queue.discard(acquired, await encodeAnswer(answer, null, acquired.queue.name, acquired.id));
      this.#count(answer, acquired.queue);
      return undefined;
    }
  }

  async #giveAnswer(
    running: ActiveJob,
    answer: JobAnswer,
    encryption: Encryption | null,
    wantsNext: () => boolean,
  ): Promise<AcquiredJob | undefined> {
    const { acquired } = running;
    const { queue, id } = acquired;
    const sealed = await encodeAnswer(answer, encryption, queue.name, id);
    running.isAnswered = true;
    const next = await this.#retry(() =>
      hasResult(answer) ? queue.complete(acquired, sealed, wantsNext()) : queue.fail(acquired, sealed, wantsNext()),
    );
    const { data } = acquired;
    this.#count(answer, queue, isBatch(data) ? data.jobs.length : 1);
    return next;
  }

  /** An answer that has arrived is not taken twice. */
  #retry<T>(send: () => Promise<T>): Promise<T> {
    return retryOnDisconnect(this.#parts.client, send);
  }

  #count(answer: JobAnswer, { bullName }: WorkerQueue, jobs = 1): void {
    if (hasResult(answer)) this.done += jobs;
    else if (answer.type !== 'aborted' && answer.type !== 'missing') {
      this.failed += jobs;
      this.#parts.client.hincrby(this.#parts.keys.failed, bullName, jobs).catch(ignore);
    }
  }

  #toAnswer({ answer, bytes = [], output = '' }: JobOutcome): JobAnswer {
    return { ...answer, bytes, output, worker: this.#parts.registration.name } as JobAnswer;
  }
}

function ignore(): void {}

/** Why no worker of a queue can run a job that this worker cannot run; undefined when another one can. */
export async function whyUnsupported(
  { queue, job }: AcquiredJob,
  board: WorkerRegistry,
  own: WorkerRegistration,
): Promise<string | undefined> {
  // With an unreadable registry, the other workers are unknown.
  const notices = await board.workersOf(queue.bullName).catch(() => []);
  // Redis may have been away, or have lost what was there: others may not be on the board again yet.
  if (!board.isComplete || !notices.some(({ id }) => id === own.id)) return undefined;
  const all = [own, ...notices.filter(({ id }) => id !== own.id)];
  if (all.slice(1).some((notice) => supports(notice, job.data))) return undefined;
  const each = all.map((notice) => `${notice.name} ${describeVersions(notice, job.data.task)}`);
  return `no worker of queue ${queue.name} can run ${job.data.task}${inVersion(job.data.version ?? null)}: ${each.join(', ')}; start workers with today's code`;
}

function supports({ tasks }: WorkerRegistration, { task, version }: Pick<JobData, 'task' | 'version'>): boolean {
  const found = tasks.filter(([name]) => name === task);
  return found.length === 1 && found[0]![1] === (version ?? null);
}

function describeVersions({ tasks }: WorkerRegistration, task: string): string {
  const found = tasks.filter(([name]) => name === task);
  if (found.length === 0) return `has no ${task}`;
  if (found.length > 1) return `has ${found.length} tasks of that name`;
  return `has ${inVersion(found[0]![1]).trim() || 'one without a version'}`;
}

function inVersion(version: string | number | null): string {
  return version === null ? '' : ` version ${version}`;
}
