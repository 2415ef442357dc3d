import type { Encryption } from '../../../encoding/encoder';
import { TidemarkError } from '../../../error';
import type { Lease } from '../../../storage/lease/lease';
import { LeaseLostError } from '../../../storage/lease/lease-lost-error';
import { StorageError } from '../../../storage/storage-error';
import type { TaskDefinition } from '../../../task/definition';
import { encryptJobs, isEncrypted, open } from '../envelope';
import type { JobAnswer, JobContent } from '../job-content';
import { QueueError } from '../queue-error';
import { encryptionFor } from '../shared-layer';
import type { Assignment } from './assignment';
import { type Attempt, failure, wasThere } from './attempt';
import { type ExecuteParts, execute } from './execute';
import { JobCheck } from './job-check';
import type { Done, Kept, ResultKeeper } from './result-keeper';
import { savedAlready } from './saved-already';
import { Teller } from './teller';

/** How much longer than a task's timeout it may take until its worker ends it, in milliseconds. */
const driverFirst = 2_000;

/** What a job runner needs of its worker. */
export interface JobRunnerParts extends ExecuteParts {
  readonly keeper: ResultKeeper;
}

/** A job on its way through. */
interface Underway {
  readonly assignment: Assignment;
  readonly signal: AbortSignal;
  readonly task: TaskDefinition;
  readonly content: JobContent;
  readonly teller: Teller;
}

/** Runs a job that was taken, from its body to its answer. */
export class JobRunner {
  readonly #parts: JobRunnerParts;
  readonly #check: JobCheck;
  readonly #toldOfSource = new Set<string>();

  constructor(parts: JobRunnerParts) {
    this.#parts = parts;
    this.#check = new JobCheck(parts.name, parts.tasks.catalogue);
  }

  /** Whatever goes wrong is part of the answer. */
  async run(
    assignment: Assignment,
    signal: AbortSignal,
    task: TaskDefinition,
    encryption: Encryption | null,
  ): Promise<JobAnswer> {
    const { name } = this.#parts;
    const teller = new Teller(assignment, encryption, name);
    const attempt = await this.#attempt(assignment, signal, task, encryption, teller).catch(failure);
    await teller.end();
    const { answer, bytes = [], output = '', took } = attempt;
    return { ...answer, bytes, output, worker: name, took } as JobAnswer;
  }

  async #attempt(
    assignment: Assignment,
    signal: AbortSignal,
    task: TaskDefinition,
    encryption: Encryption | null,
    teller: Teller,
  ): Promise<Attempt> {
    if (encryption && !isEncrypted(assignment.sealed)) return notEncrypted(assignment, this.#parts);
    const content = await open<JobContent>(assignment.sealed, encryption, assignment.place);
    await this.#check.check(content, task, assignment);
    this.#tellOfSource(content, task, teller);
    const underway = { assignment, signal, task, content, teller };
    return content.facts ? this.#runSaved(underway) : this.#runOnce(underway);
  }

  /** One that is saved is computed by one worker at a time, and not at all when it was saved meanwhile. */
  async #runSaved(underway: Underway): Promise<Attempt> {
    const { leases } = this.#parts.layers;
    const { signal } = underway;
    const { key } = underway.content.facts!;
    for (;;) {
      signal.throwIfAborted();
      const lease = await leases?.take(key);
      if (leases && !lease) {
        await leases.whenFree(key, signal);
        continue;
      }
      try {
        return await this.#runLeased(underway, lease);
      } catch (error) {
        // Somebody else computes it now: that result is used.
        if (!(error instanceof LeaseLostError)) throw error;
      } finally {
        await lease?.release();
      }
    }
  }

  async #runLeased(underway: Underway, lease: Lease | undefined): Promise<Attempt> {
    const { task, content } = underway;
    const { found, stale } = await savedAlready(content.facts!, task, this.#parts.layers);
    if (found && !content.isForced) return wasThere(found.entry);
    const signal = lease ? AbortSignal.any([underway.signal, lease.signal]) : underway.signal;
    const outcome = await this.#execute(underway, signal);
    lease?.signal.throwIfAborted();
    if ('answer' in outcome) return outcome;
    const before = found ? [found, ...stale] : stale;
    const { isOutdated, directories, unsaved } = outcome.message;
    if (isOutdated || directories.length > 0 || unsaved !== undefined) return this.#pass(underway, outcome);
    return this.#keep(underway, outcome, () => this.#parts.keeper.save(outcome, content, task, before, lease));
  }

  async #runOnce(underway: Underway): Promise<Attempt> {
    const outcome = await this.#execute(underway, underway.signal);
    return 'answer' in outcome ? outcome : this.#pass(underway, outcome);
  }

  /** A driver that hears of it ends what takes longer than its timeout; where there is none any more, this does. */
  async #execute({ task, content, teller }: Underway, signal: AbortSignal): ReturnType<typeof execute> {
    const { timeout } = task.options;
    if (timeout === undefined) return execute(this.#parts, content, teller, signal);
    const limit = new AbortController();
    const timer = setTimeout(
      () => limit.abort(new TidemarkError(`it took longer than its timeout of ${timeout} ms`)),
      timeout + driverFirst,
    );
    try {
      return await execute(this.#parts, content, teller, AbortSignal.any([signal, limit.signal]));
    } finally {
      clearTimeout(timer);
    }
  }

  #pass(underway: Underway, done: Done & { readonly output: string }): Promise<Attempt> {
    const { assignment, task, content } = underway;
    if (done.message.unsaved !== undefined && !this.encryptionOf(task)) throw secretInClear(task);
    // The runner knows the paths of directories, and reports why a result is not saved.
    const isSent = done.message.directories.length > 0 || done.message.unsaved !== undefined;
    return this.#keep(underway, done, async () =>
      isSent ? undefined : this.#parts.keeper.pass(done, content, task, assignment.run),
    );
  }

  /** A result that the storage does not take goes with the answer, and the runner says what is wrong with that. */
  async #keep(
    { teller }: Underway,
    done: Done & { readonly output: string },
    put: () => Promise<Kept>,
  ): Promise<Attempt> {
    const { message, bytes, output, seconds } = done;
    const start = performance.now();
    const took = () => seconds * 1000 + performance.now() - start;
    try {
      const kept = await put();
      if (kept) return { ...kept, output, took: took() };
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      teller.log(`the worker ${this.#parts.name} could not keep the result: ${error.message}`);
    }
    return { answer: { type: 'sent', message }, bytes, output, took: took() };
  }

  /** Results are saved by the version of a task; that the code is another one all the same is worth a word. */
  #tellOfSource({ source }: JobContent, task: TaskDefinition, teller: Teller): void {
    if (source === task.source || this.#toldOfSource.has(task.name)) return;
    this.#toldOfSource.add(task.name);
    teller.log(
      `the worker ${this.#parts.name} has other code of ${task.name} than the runner, although the same version; if results differ by it, raise the version, and start workers with today's code`,
    );
  }

  encryptionOf(task: TaskDefinition): Encryption | null {
    return encryptionFor(this.#parts.layers, task.options.encoder);
  }
}

function secretInClear({ name }: TaskDefinition): QueueError {
  return new QueueError(
    `the answer of ${name} would store a secret in Redis in the clear: its result contains a ref with a secret param. ${encryptJobs}`,
    { mayRetry: false },
  );
}

/** Somebody without the key may have put the job there. */
function notEncrypted({ id, queue }: Assignment, { name, layers }: JobRunnerParts): Attempt {
  const message = `job ${id} of queue ${queue} is not encrypted, and the storage of the worker ${name} is (${layers.location}): it is not run. Give runner and workers a storage with the same encoder; if they have that, somebody else writes to the Redis of the queues`;
  return { answer: { type: 'refused', message } };
}
