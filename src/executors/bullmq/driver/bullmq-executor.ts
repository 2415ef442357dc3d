import { setTimeout as wait } from 'node:timers/promises';
import type { StorageStack } from '../../../storage/storage-stack';
import type { TaskKey } from '../../../task/context';
import { recordOutput } from '../../errors';
import type { Job } from '../../executor';
import { EncodedInputs } from '../../remote/encoded-inputs';
import { readResult } from '../../remote/encoded-result';
import { readFailure } from '../../remote/failure';
import type { StoredResult } from '../../remote/stored-result';
import { fileOf } from '../../remote/worker-options';
import type { BullMqOptions, QueueExecutor, QueueMetrics } from '../options';
import { type JobAnswer, type JobData, type JobHeader, jobContext } from '../protocol/job-data';
import { defaultPrefix } from '../protocol/redis-keys';
import { encryptionFor, sharedStore } from '../protocol/shared-store';
import { QueueError } from '../queue-error';
import { DriverSession, queueMetrics } from './driver-session';
import { encodeJob, jobIdOf, mayBatch } from './encode-job';
import type { RunInputs } from './job-inputs';
import { requestJob } from './job-request';
import { inlineInput, lostError, notSharedError, otherKeyError, toStoredResult } from './results';

/** How often a job is brought again whose required results were not in the storage. */
const maxMisses = 3;
/** How long to wait at most before a job is brought again that a worker took for unwanted, in milliseconds. */
const maxPause = 2_000;

interface RunEntry {
  readonly layers: StorageStack | undefined;
  readonly inputs: RunInputs;
}

/** Runs tasks on workers, in other processes and on other machines, which take them from queues in Redis. */
export class BullMqExecutor implements QueueExecutor {
  readonly name = 'bullmq';
  readonly sharesStorage = true;
  readonly tellsStart = true;
  readonly isRemote = true;
  readonly concurrency: number;
  readonly #options: Required<Omit<BullMqOptions, 'modules'>>;
  readonly #modules: readonly string[];
  readonly #inputs = new EncodedInputs((bytes) => bytes);
  readonly #limits = new Map<string, number>();
  readonly #runs = new Map<string, RunEntry>();
  readonly #inFlight = new Set<Promise<unknown>>();
  /** Results that are being removed. */
  readonly #removals = new Set<Promise<void>>();
  #session: DriverSession | undefined;

  constructor({
    connection,
    prefix = defaultPrefix,
    concurrency = 1_000,
    inlineBytes = 4_096,
    patience = 30_000,
    checkInterval = 3_000,
    bundle = 50,
    modules = [],
  }: BullMqOptions) {
    this.#options = { connection, prefix, concurrency, inlineBytes, patience, checkInterval, bundle };
    this.#modules = modules.map(fileOf);
    this.concurrency = this.#options.concurrency;
  }

  execute(job: Job): Promise<unknown> {
    return this.#track(this.#execute(job));
  }

  useQueue(name: string, concurrency: number | undefined): (() => void) | undefined {
    if (concurrency === undefined) return undefined;
    const before = this.#limits.get(name);
    this.#limit(name, concurrency);
    return () => {
      // Another run has set another limit since then.
      if (this.#limits.get(name) !== concurrency) return;
      this.#limit(name, before ?? Number.POSITIVE_INFINITY);
      if (before === undefined) this.#limits.delete(name);
    };
  }

  #limit(name: string, concurrency: number): void {
    this.#limits.set(name, concurrency);
    this.#session?.limit(name);
  }

  endRun(runId: string): Promise<void> {
    return this.#track(this.#endRun(runId));
  }

  async #endRun(runId: string): Promise<void> {
    const run = this.#runs.get(runId);
    this.#runs.delete(runId);
    const session = this.#session;
    if (!session) return;
    const layer = run?.layers && sharedStore(run.layers);
    await Promise.all(this.#removals);
    try {
      if (layer) await session.temporaryResults.endRun(layer, runId);
    } catch {
      // Workers remove what runs left behind.
    } finally {
      session.heartbeat.stop(runId);
    }
  }

  /** How many jobs wait, run and have failed, and how many workers there are, by the queues that were used. */
  metrics(): Promise<Readonly<Record<string, QueueMetrics>>> {
    return this.#track(this.#metrics());
  }

  async #metrics(): Promise<Readonly<Record<string, QueueMetrics>>> {
    const session = this.#openSession();
    await session.ready();
    for (const name of this.#limits.keys()) session.queue(name);
    return queueMetrics(session);
  }

  async close(): Promise<void> {
    while (this.#inFlight.size > 0) await Promise.allSettled(this.#inFlight);
    this.#session?.close();
    this.#session = undefined;
  }

  async #execute(job: Job): Promise<unknown> {
    const { context } = job;
    const missing = new Set<TaskKey>();
    for (let [misses, unwanted] = [0, 0]; ; ) {
      context.signal.throwIfAborted();
      const session = this.#openSession();
      await session.ready();
      const run = this.#runOf(job, session);
      const answer = await this.#request(job, session, run, missing);
      if (answer.type === 'aborted') await this.#pauseBeforeRetry(session, context.signal, ++unwanted);
      if (answer.type === 'missing' && ++misses < maxMisses) for (const key of answer.keys) missing.add(key);
      // "aborted" is an answer to another run that shared the job.
      else if (answer.type !== 'aborted') return this.#toResult(job, answer, run);
    }
  }

  /** A worker took a job for unwanted: Redis may have forgotten that this driver is alive. */
  async #pauseBeforeRetry({ heartbeat }: DriverSession, signal: AbortSignal, times: number): Promise<void> {
    heartbeat.beat();
    const pause = Math.min(10 * 2 ** times, maxPause);
    // The caller checks the signal.
    await wait(pause, undefined, { signal }).catch(() => undefined);
  }

  async #request(
    job: Job,
    session: DriverSession,
    { inputs }: RunEntry,
    missing: ReadonlySet<TaskKey>,
  ): Promise<JobAnswer> {
    const { node, context, shared, listener, ending } = job;
    const { task } = node;
    const jobId = jobIdOf(job);
    const head: JobHeader = {
      task: task.name,
      version: task.options.version,
      key: context.key,
      run: shared?.runId,
      isSaved: shared?.facts !== undefined && !task.hasDirectory,
    };
    const { payload, size } = await encodeJob(job, jobContext(task.queue, jobId, head), inputs, missing);
    const data: JobData = { ...head, ...payload };
    const encryption = encryptionFor(shared?.layers, task.options.encoder);
    const asked = { jobId, data, mayBatch: missing.size === 0 && mayBatch(job, size) };
    return requestJob({ queue: session.queue(task.queue), ...asked, encryption, context, listener, ending });
  }

  async #toResult(job: Job, answer: Exclude<JobAnswer, { type: 'aborted' }>, { inputs }: RunEntry): Promise<unknown> {
    switch (answer.type) {
      case 'sent':
        return readResult(job.node, answer.message, answer.bytes, answer.output);
      case 'stored': {
        if (answer.isSaved && answer.key !== job.shared?.facts?.key) throw otherKeyError(job, answer);
        const stored: StoredResult = toStoredResult(job, answer, () =>
          this.#remove(job, answer.key, answer.inline !== undefined),
        );
        const input = inlineInput(job, answer);
        if (input) inputs.inline.set(stored, input);
        return stored;
      }
      case 'failed': {
        const thrown = await readFailure(answer.failure, answer.bytes, this.#modules);
        recordOutput(thrown, answer.output);
        throw thrown;
      }
      case 'missing':
        throw notSharedError(job, answer);
      case 'lost':
        throw lostError(answer);
      case 'refused':
        throw new QueueError(answer.message, { mayRetry: false });
      default:
        throw answer satisfies never;
    }
  }

  #runOf({ shared }: Job, session: DriverSession): RunEntry {
    const id = shared?.runId ?? '';
    let run = this.#runs.get(id);
    if (!run) {
      const { inlineBytes } = this.#options;
      const temporaryResults = () => this.#openSession().temporaryResults;
      const inputs: RunInputs = {
        encoded: this.#inputs,
        temporaryResults,
        inlineBytes,
        inline: new WeakMap(),
        stored: new WeakMap(),
      };
      run = { layers: shared?.layers, inputs };
      this.#runs.set(id, run);
    }
    if (shared) session.heartbeat.start(shared.runId);
    return run;
  }

  /** Removes a result kept for one run. What cannot be removed now is removed at the end of the run. */
  #remove({ shared }: Job, key: TaskKey, isInline: boolean): void {
    const layer = shared && sharedStore(shared.layers);
    if (!layer || isInline || !this.#session) return;
    const removed = this.#session.temporaryResults.remove(layer, shared.runId, key).catch(() => undefined);
    this.#removals.add(removed);
    void this.#track(removed).then(() => this.#removals.delete(removed));
  }

  #openSession(): DriverSession {
    this.#session ??= new DriverSession({
      ...this.#options,
      limits: this.#limits,
      onLost: (lost) => {
        if (this.#session === lost) this.#session = undefined;
      },
    });
    return this.#session;
  }

  /** While something is under way, the process lives. */
  #track<T>(promise: Promise<T>): Promise<T> {
    const session = this.#session;
    session?.addWaiting(1);
    this.#inFlight.add(promise);
    const done = () => {
      session?.addWaiting(-1);
      this.#inFlight.delete(promise);
    };
    promise.then(done, done);
    return promise;
  }
}
