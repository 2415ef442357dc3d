import { existsSync } from 'node:fs';
import { TidemarkError } from '../../../base/error';
import type { Encryption } from '../../../encoding/encoder';
import { StorageError } from '../../../storage/errors';
import { type Lease, LeaseLostError } from '../../../storage/leases/lease';
import type { StorageStack } from '../../../storage/storage-stack';
import type { TaskDefinition } from '../../../task/definition';
import { TaskTimeoutError } from '../../timeout';
import type { JobAnswer, JobContent } from '../protocol/job-data';
import { decodePayload, encryptJobs, isEncrypted } from '../protocol/payload';
import { encryptionFor } from '../protocol/shared-store';
import { QueueError } from '../queue-error';
import { failedOutcome, type JobOutcome, type JobToRun, savedOutcome } from './active-job';
import type { JobBackend } from './job-backend';
import { JobCheck } from './job-check';
import { JobReporter } from './job-reporter';
import { loadInputs } from './load-inputs';
import { type EncodedOutput, findSaved, type KeptResult, type ResultKeeper } from './result-keeper';
import type { TaskList } from './task-list';

/** How much longer than a task's timeout it may take until its worker ends it, in milliseconds. */
const driverGrace = 2_000;

/** Dependencies of a job runner. */
interface JobRunnerParts extends ExecuteTaskParts {
  readonly keeper: ResultKeeper;
}

/** A job on its way through. */
interface JobInProgress {
  readonly job: JobToRun;
  readonly signal: AbortSignal;
  readonly task: TaskDefinition;
  readonly content: JobContent;
  readonly reporter: JobReporter;
}

/** Runs a job that was taken, from its body to its answer. */
export class JobRunner {
  readonly #parts: JobRunnerParts;
  readonly #check: JobCheck;
  readonly #warnedOfSource = new Set<string>();

  constructor(parts: JobRunnerParts) {
    this.#parts = parts;
    this.#check = new JobCheck(parts.name, parts.tasks.catalog);
  }

  /** Whatever goes wrong is part of the answer. */
  async run(
    job: JobToRun,
    signal: AbortSignal,
    task: TaskDefinition,
    encryption: Encryption | null,
  ): Promise<JobAnswer> {
    const { name } = this.#parts;
    const reporter = new JobReporter(job, encryption, name);
    const attempt = await this.#attempt(job, signal, task, encryption, reporter).catch(failedOutcome);
    await reporter.end();
    const { answer, bytes = [], output = '', took } = attempt;
    return { ...answer, bytes, output, worker: name, took } as JobAnswer;
  }

  async #attempt(
    job: JobToRun,
    signal: AbortSignal,
    task: TaskDefinition,
    encryption: Encryption | null,
    reporter: JobReporter,
  ): Promise<JobOutcome> {
    if (encryption && !isEncrypted(job.payload)) return notEncrypted(job, this.#parts);
    const content = await decodePayload<JobContent>(job.payload, encryption, job.context);
    await this.#check.check(content, task, job);
    this.#warnOfChangedSource(content, task, reporter);
    const underway = { job, signal, task, content, reporter };
    return content.facts ? this.#runSaved(underway) : this.#runUnsaved(underway);
  }

  /** One that is saved is computed by one worker at a time, and not at all when it was saved meanwhile. */
  async #runSaved(underway: JobInProgress): Promise<JobOutcome> {
    const { leases } = this.#parts.layers;
    const { signal } = underway;
    const { key } = underway.content.facts!;
    for (;;) {
      signal.throwIfAborted();
      const lease = await leases?.acquire(key);
      if (leases && !lease) {
        await leases.whenFree(key, signal);
        continue;
      }
      try {
        return await this.#runLeased(underway, lease);
      } catch (error) {
        // Another process computes it now: its result is used.
        if (!(error instanceof LeaseLostError)) throw error;
      } finally {
        await lease?.release();
      }
    }
  }

  async #runLeased(underway: JobInProgress, lease: Lease | undefined): Promise<JobOutcome> {
    const { task, content } = underway;
    const { found, stale } = await findSaved(content.facts!, task, this.#parts.layers);
    if (found && !content.isForced) return savedOutcome(found.checkpoint);
    const signal = lease ? AbortSignal.any([underway.signal, lease.signal]) : underway.signal;
    const outcome = await this.#execute(underway, signal);
    lease?.signal.throwIfAborted();
    if ('answer' in outcome) return outcome;
    const before = found ? [found, ...stale] : stale;
    const { isOutdated, directories, unsaved } = outcome.message;
    if (isOutdated || directories.length > 0 || unsaved !== undefined) return this.#keepTemporarily(underway, outcome);
    return this.#keep(underway, outcome, () => this.#parts.keeper.save(outcome, content, task, before, lease));
  }

  async #runUnsaved(underway: JobInProgress): Promise<JobOutcome> {
    const outcome = await this.#execute(underway, underway.signal);
    return 'answer' in outcome ? outcome : this.#keepTemporarily(underway, outcome);
  }

  /** A driver that hears of it ends what takes longer than its timeout; where there is none any more, this does. */
  async #execute({ task, content, reporter }: JobInProgress, signal: AbortSignal): ReturnType<typeof executeTask> {
    const { timeout } = task.options;
    if (timeout === undefined) return executeTask(this.#parts, content, reporter, signal);
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(new TaskTimeoutError(timeout)), timeout + driverGrace);
    try {
      return await executeTask(this.#parts, content, reporter, AbortSignal.any([signal, limit.signal]));
    } finally {
      clearTimeout(timer);
    }
  }

  #keepTemporarily(underway: JobInProgress, done: EncodedOutput & { readonly output: string }): Promise<JobOutcome> {
    const { job, task, content } = underway;
    if (done.message.unsaved !== undefined && !this.encryptionOf(task)) throw secretError(task);
    // The runner knows the paths of directories, and reports why a result is not saved.
    const isSent = done.message.directories.length > 0 || done.message.unsaved !== undefined;
    return this.#keep(underway, done, async () =>
      isSent ? undefined : this.#parts.keeper.keepTemporarily(done, content, task, job.run),
    );
  }

  /** A result that cannot be kept in the storage is sent with the answer; the runner reports the problem. */
  async #keep(
    { reporter }: JobInProgress,
    done: EncodedOutput & { readonly output: string },
    put: () => Promise<KeptResult>,
  ): Promise<JobOutcome> {
    const { message, bytes, output, seconds } = done;
    const start = performance.now();
    const took = () => seconds * 1000 + performance.now() - start;
    try {
      const kept = await put();
      if (kept) return { ...kept, output, took: took() };
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      reporter.log(`the worker ${this.#parts.name} could not keep the result: ${error.message}`);
    }
    return { answer: { type: 'sent', message }, bytes, output, took: took() };
  }

  /** Results are saved by the version of a task; that the code is another one all the same is worth a word. */
  #warnOfChangedSource({ source }: JobContent, task: TaskDefinition, reporter: JobReporter): void {
    if (source === task.source || this.#warnedOfSource.has(task.name)) return;
    this.#warnedOfSource.add(task.name);
    reporter.log(
      `the worker ${this.#parts.name} has other code of ${task.name} than the runner, although the same version; if results differ by it, raise the version, and start workers with today's code`,
    );
  }

  encryptionOf(task: TaskDefinition): Encryption | null {
    return encryptionFor(this.#parts.layers, task.options.encoder);
  }
}

function secretError({ name }: TaskDefinition): QueueError {
  return new QueueError(
    `the answer of ${name} would store a secret in Redis in the clear: its result contains a ref with a secret param. ${encryptJobs}`,
    { mayRetry: false },
  );
}

/** A program without the key may have added the job. */
function notEncrypted({ id, queue }: JobToRun, { name, layers }: JobRunnerParts): JobOutcome {
  const message = `job ${id} of queue ${queue} is not encrypted, and the storage of the worker ${name} is (${layers.location}): it is not run. Give runner and workers a storage with the same encoder; if they have, another program writes to the Redis of the queues`;
  return { answer: { type: 'refused', message } };
}

/** Dependencies of `executeTask`. */
interface ExecuteTaskParts {
  readonly name: string;
  readonly tasks: TaskList;
  readonly layers: StorageStack;
  readonly backend: JobBackend;
}

/** Runs a task with its inputs from the job and the storage. Returns its output, or the answer. */
async function executeTask(
  { name, tasks, layers, backend }: ExecuteTaskParts,
  { message, bytes, directories }: JobContent,
  reporter: JobReporter,
  signal: AbortSignal,
): Promise<(EncodedOutput & { readonly output: string }) | JobOutcome> {
  for (const path of directories) assertDirectory(path, name);
  const pieces = await loadInputs(message, bytes, layers, tasks.catalog);
  if ('missing' in pieces) return { answer: { type: 'missing', keys: pieces.missing, location: layers.location } };
  signal.throwIfAborted();
  const start = performance.now();
  const context = { signal, progress: reporter.progress, log: reporter.log };
  const ran = await backend.run({ ...pieces, context });
  const { reply, output } = ran;
  if (reply.type === 'failed') return { answer: { type: 'failed', failure: reply.failure }, bytes: ran.bytes, output };
  return { message: reply, bytes: ran.bytes, output, seconds: (performance.now() - start) / 1000 };
}

/** @throws {TidemarkError} when the directory of a task is not here */
function assertDirectory(path: string, name: string): void {
  if (existsSync(path)) return;
  throw new TidemarkError(
    `its directory ${path} is not on the machine of the worker ${name}: mount the same folder there, give runner and workers a folder that all see (new Runner({ directories: '…' })), or run the task in process`,
  );
}
