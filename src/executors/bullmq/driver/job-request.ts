import { type Awaitable, andThen, rescue } from '../../../base/awaitable';
import { describeError } from '../../../base/describe-error';
import { onAbort } from '../../../base/on-abort';
import type { Encryption } from '../../../encoding/encoder';
import type { TaskContext } from '../../../task/context';
import { NotStartedError } from '../../errors';
import type { JobListener } from '../../executor';
import { Attachments } from '../../remote/attachments';
import { writeFailure } from '../../remote/failure';
import { hasResult, type JobAnswer, type JobData, type JobUpdate, type JobUpdates } from '../protocol/job-data';
import { parseJson } from '../protocol/json';
import {
  decodePayload,
  describeRaw,
  encodePayload,
  isEncrypted,
  isPayload,
  type Payload,
  type PayloadContext,
} from '../protocol/payload';
import { QueueError } from '../queue-error';
import type { DriverQueue } from './driver-queue';
import type { JobObserver, RawAnswer } from './pending-job';

/** A job to run, and the receivers of its events. */
export interface JobRequestOptions {
  readonly queue: DriverQueue;
  readonly jobId: string;
  readonly data: JobData;
  /** Whether it may be batched. */
  readonly mayBatch: boolean;
  readonly encryption: Encryption | null;
  readonly context: TaskContext;
  readonly listener: JobListener | undefined;
  /** Aborts when a job that no worker has begun is to be taken back. */
  readonly ending: AbortSignal | undefined;
}

/** Brings a job to a queue and gives what a worker answers. @throws the reason of the context's signal when that aborts */
export function requestJob(options: JobRequestOptions): Promise<JobAnswer> {
  return new Promise((resolve, reject) => new JobRequest(options, resolve, reject));
}

class JobRequest implements JobObserver {
  readonly #options: JobRequestOptions;
  readonly #resolve: (answer: JobAnswer) => void;
  readonly #reject: (error: unknown) => void;
  readonly #stopObserving: ReturnType<DriverQueue['request']>;
  /** Pending until all earlier messages are reported. */
  #reported: Awaitable<void> = undefined;
  #isAssigned = false;
  /** Called when there is an answer, or will be none. */
  #unfollow: () => void = () => undefined;
  /** Who has begun on it. */
  readonly #workers = new Set<string>();

  constructor(options: JobRequestOptions, resolve: (answer: JobAnswer) => void, reject: (error: unknown) => void) {
    this.#options = options;
    this.#resolve = resolve;
    this.#reject = reject;
    const { queue, jobId: id, data, mayBatch, context, ending } = options;
    this.#stopObserving = queue.request({ id, data, mayBatch }, this);
    const calls = [onAbort(context.signal, () => this.#abort())];
    if (ending) calls.push(onAbort(ending, () => void this.#cancelIfQueued()));
    this.#unfollow = () => {
      for (const letGo of calls) letGo();
    };
  }

  answered(raw: RawAnswer): void {
    const { encryption, queue, jobId } = this.#options;
    this.#inOrder(() => {
      const sealed = payloadIn(raw);
      return andThen(decodePayload<JobAnswer>(sealed, encryption, this.#context('answer', raw.id)), (answer) => {
        // Without encryption, only failures are accepted; and also from the answer of a whole batch.
        if (encryption && !isEncrypted(sealed) && hasResult(answer)) throw notEncrypted(answer);
        if (raw.id !== jobId && hasResult(answer))
          throw new QueueError(`the answer of job ${jobId} of queue ${queue.name} is that of ${raw.id}`);
        this.#unfollow();
        if (answer.type === 'lost') return this.#resolve({ ...answer, workers: [...this.#workers] });
        this.#assigned(answer.worker, undefined);
        this.#recordDuration(answer);
        if (answer.output !== '') this.#options.listener?.printed(answer.output);
        return this.#resolve(answer);
      });
    });
  }

  failed(error: unknown): void {
    this.#unfollow();
    this.#reject(error);
  }

  updated(text: string): void {
    const { encryption, jobId, context } = this.#options;
    const tell = ({ all }: JobUpdates) => {
      for (const said of all) this.#report(said);
    };
    // The result does not depend on it.
    const pass = (error: unknown) => context.log(`a message of its worker cannot be read: ${describeError(error)}`);
    this.#inOrder(() =>
      rescue(
        () => andThen(decodePayload<JobUpdates>(parseJson(text), encryption, this.#context('said', jobId)), tell),
        pass,
      ),
    );
  }

  #context(kind: PayloadContext['kind'], id: string): PayloadContext {
    return { kind, queue: this.#options.queue.name, id };
  }

  started(worker?: string): void {
    this.#options.listener?.started?.();
    if (worker !== undefined) this.#assigned(worker, undefined);
  }

  requeued(): void {
    this.#isAssigned = false;
    this.#options.listener?.waits?.();
    if (this.#options.ending?.aborted) void this.#cancelIfQueued();
  }

  stalled(): void {
    this.#options.context.log('its worker was lost or did not renew its lock: another worker starts over');
  }

  noWorker(): void {
    const { name } = this.#options.queue;
    this.#options.context.log(
      `no worker is listening on queue ${name}: start one with tidemark worker FILE --queue ${name}, or startWorker({ … })`,
    );
  }

  /** Runs steps one after the other. An unreadable message fails the job. */
  #inOrder(act: () => Awaitable<void>): void {
    const fail = (error: unknown) => this.failed(error);
    try {
      this.#reported = andThen(this.#reported, act);
      if (this.#reported) (this.#reported as Promise<void>).then(undefined, fail);
    } catch (error) {
      fail(error);
    }
  }

  #report(said: JobUpdate): void {
    const { context } = this.#options;
    if (said.type === 'log') context.log(said.message);
    else if (said.type === 'assigned') this.#assigned(said.worker, said.pid);
    // TypeScript takes the arguments of one overload only.
    else context.progress(...(said.said as [number, number?, string?]));
  }

  /** A task that failed may take longer when it does not. */
  #recordDuration(answer: JobAnswer): void {
    const { queue, data } = this.#options;
    if (answer.took !== undefined && hasResult(answer)) queue.recordDuration(data.task, answer.took);
  }

  #assigned(worker: string, pid: number | undefined): void {
    if (this.#isAssigned) return;
    this.#isAssigned = true;
    this.#workers.add(worker);
    this.#options.listener?.assigned(worker, pid);
  }

  async #cancelIfQueued(): Promise<void> {
    const { queue, jobId, data } = this.#options;
    if (await queue.cancelIfQueued(jobId, this)) this.failed(new NotStartedError(data.task));
  }

  #abort(): void {
    const { reason } = this.#options.context.signal;
    this.failed(reason);
    this.#stopObserving((sentAs) => {
      const { encryption } = this.#options;
      const outbox = new Attachments();
      const content = { failure: writeFailure(reason, outbox), bytes: outbox.bytes };
      return andThen(encodePayload(content, encryption, this.#context('abort', sentAs)), (sealed) =>
        JSON.stringify(sealed),
      );
    });
  }
}

function notEncrypted({ worker }: JobAnswer): QueueError {
  return new QueueError(
    `the answer of the worker ${worker} is not encrypted, and the storage here is: give runner and workers a storage with the same encoder`,
    { mayRetry: false },
  );
}

/** @throws {QueueError} when it is not by one of our workers */
function payloadIn({ isFailed, content }: RawAnswer): Payload {
  const sealed = typeof content === 'string' ? parseJson(content) : content;
  if (isPayload(sealed)) return sealed;
  throw new QueueError(
    `its job was ${isFailed ? 'failed' : 'completed'} by a program other than a worker of Tidemark: its answer is ${describeRaw(content)}`,
  );
}
