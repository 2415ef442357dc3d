import { setTimeout as wait } from 'node:timers/promises';
import type { Layers } from '../../storage/layers';
import type { TaskKey } from '../../task/context';
import type { Job } from '../executor';
import { fileOf } from '../pool/options';
import { Pieces } from '../pool/pieces';
import { readFailure } from '../pool/read-failure';
import { readResult } from '../pool/read-result';
import { noteOutput } from '../pool/task-output';
import type { StoredResult } from '../stored-result';
import { lost, notShared, ofOtherKey } from './answer-errors';
import { ask } from './ask';
import { jobBody } from './job-body';
import { type JobAnswer, type JobData, type JobHead, jobPlace } from './job-content';
import { jobIdOf } from './job-id';
import type { RunPieces } from './job-pieces';
import { mayBundle } from './may-bundle';
import { queueMetrics } from './metrics';
import { defaultPrefix } from './names';
import type { BullMqOptions } from './options';
import { QueueError } from './queue-error';
import type { QueueExecutor, QueueMetrics } from './queue-executor';
import { inlinePiece, storedResult } from './results';
import { Session } from './session';
import { encryptionFor, sharedLayer } from './shared-layer';

/** How often a job is brought again whose required results were not in the storage. */
const mayMiss = 3;
/** How long to wait at most before a job is brought again that a worker took for unwanted, in milliseconds. */
const longestPause = 2_000;

interface RunParts {
  readonly layers: Layers | undefined;
  readonly pieces: RunPieces;
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
  readonly #pieces = new Pieces((bytes) => bytes);
  readonly #limits = new Map<string, number>();
  readonly #runs = new Map<string, RunParts>();
  readonly #underWay = new Set<Promise<unknown>>();
  /** Results that are being removed. */
  readonly #removals = new Set<Promise<void>>();
  #session: Session | undefined;

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
      // Another run has said something else since then.
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
    const layer = run?.layers && sharedLayer(run.layers);
    await Promise.all(this.#removals);
    try {
      if (layer) await session.passing.endRun(layer, runId);
    } catch {
      // Workers remove what runs left behind.
    } finally {
      session.runs.end(runId);
    }
  }

  /** How many jobs wait, run and have failed, and how many workers there are, by the queues that were used. */
  metrics(): Promise<Readonly<Record<string, QueueMetrics>>> {
    return this.#track(this.#metrics());
  }

  async #metrics(): Promise<Readonly<Record<string, QueueMetrics>>> {
    const session = this.#open();
    await session.ready();
    for (const name of this.#limits.keys()) session.queue(name);
    return queueMetrics(session);
  }

  async close(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay);
    this.#session?.close();
    this.#session = undefined;
  }

  async #execute(job: Job): Promise<unknown> {
    const { context } = job;
    const missing = new Set<TaskKey>();
    for (let [misses, unwanted] = [0, 0]; ; ) {
      context.signal.throwIfAborted();
      const session = this.#open();
      await session.ready();
      const run = this.#runOf(job, session);
      const answer = await this.#ask(job, session, run, missing);
      if (answer.type === 'aborted') await this.#goOn(session, context.signal, ++unwanted);
      if (answer.type === 'missing' && ++misses < mayMiss) for (const key of answer.keys) missing.add(key);
      // Whoever else asked for the same did not want it any more.
      else if (answer.type !== 'aborted') return this.#take(job, answer, run);
    }
  }

  /** A worker took a job for unwanted: Redis may have forgotten that this driver is alive. */
  async #goOn({ runs }: Session, signal: AbortSignal, times: number): Promise<void> {
    runs.say();
    const pause = Math.min(10 * 2 ** times, longestPause);
    // Whoever asks finds out himself that it is not wanted any more.
    await wait(pause, undefined, { signal }).catch(() => undefined);
  }

  async #ask(job: Job, session: Session, { pieces }: RunParts, missing: ReadonlySet<TaskKey>): Promise<JobAnswer> {
    const { node, context, shared, listener, ending } = job;
    const { task } = node;
    const jobId = jobIdOf(job);
    const head: JobHead = {
      task: task.name,
      version: task.options.version,
      key: context.key,
      run: shared?.runId,
      isSaved: shared?.facts !== undefined && !task.hasDirectory,
    };
    const { sealed, size } = await jobBody(job, jobPlace(task.queue, jobId, head), pieces, missing);
    const data: JobData = { ...head, ...sealed };
    const encryption = encryptionFor(shared?.layers, task.options.encoder);
    const asked = { jobId, data, mayBundle: missing.size === 0 && mayBundle(job, size) };
    return ask({ queue: session.queue(task.queue), ...asked, encryption, context, listener, ending });
  }

  async #take(job: Job, answer: Exclude<JobAnswer, { type: 'aborted' }>, { pieces }: RunParts): Promise<unknown> {
    switch (answer.type) {
      case 'sent':
        return readResult(job.node, answer.message, answer.bytes, answer.output);
      case 'stored': {
        if (answer.isSaved && answer.key !== job.shared?.facts?.key) throw ofOtherKey(job, answer);
        const stored: StoredResult = storedResult(job, answer, () =>
          this.#remove(job, answer.key, answer.inline !== undefined),
        );
        const piece = inlinePiece(job, answer);
        if (piece) pieces.inline.set(stored, piece);
        return stored;
      }
      case 'failed': {
        const thrown = await readFailure(answer.failure, answer.bytes, this.#modules);
        noteOutput(thrown, answer.output);
        throw thrown;
      }
      case 'missing':
        throw notShared(job, answer);
      case 'lost':
        throw lost(answer);
      case 'refused':
        throw new QueueError(answer.message, { mayRetry: false });
      default:
        throw answer satisfies never;
    }
  }

  #runOf({ shared }: Job, session: Session): RunParts {
    const id = shared?.runId ?? '';
    let run = this.#runs.get(id);
    if (!run) {
      const { inlineBytes } = this.#options;
      const passing = () => this.#open().passing;
      const pieces = { pieces: this.#pieces, passing, inlineBytes, inline: new WeakMap(), passed: new WeakMap() };
      run = { layers: shared?.layers, pieces };
      this.#runs.set(id, run);
    }
    if (shared) session.runs.keep(shared.runId);
    return run;
  }

  /** Nobody needs a result any more that was kept for its run alone. What cannot be removed goes with the run. */
  #remove({ shared }: Job, key: TaskKey, isInline: boolean): void {
    const layer = shared && sharedLayer(shared.layers);
    if (!layer || isInline || !this.#session) return;
    const removed = this.#session.passing.remove(layer, shared.runId, key).catch(() => undefined);
    this.#removals.add(removed);
    void this.#track(removed).then(() => this.#removals.delete(removed));
  }

  #open(): Session {
    this.#session ??= new Session({
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
    session?.waits(1);
    this.#underWay.add(promise);
    const done = () => {
      session?.waits(-1);
      this.#underWay.delete(promise);
    };
    promise.then(done, done);
    return promise;
  }
}
