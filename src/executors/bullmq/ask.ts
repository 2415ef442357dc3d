import { type Awaitable, andThen } from '../../awaitable';
import { describeError } from '../../base/describe-error';
import { onAbort } from '../../base/on-abort';
import type { Encryption } from '../../encoding/encoder';
import { rescue } from '../../encoding/rescue';
import type { TaskContext } from '../../task/context';
import type { JobListener } from '../executor';
import { NotStartedError } from '../not-started-error';
import { Outbox } from '../pool/outbox';
import { writeFailure } from '../pool/write-failure';
import type { DriverQueue } from './driver-queue';
import { describeText, isEncrypted, isSealed, open, type Place, type Sealed, seal } from './envelope';
import { type AllSaid, isDone, type JobAnswer, type JobData, type Said } from './job-content';
import { parsed } from './parsed';
import { QueueError } from './queue-error';
import type { JobWatcher, RawAnswer } from './waiting-job';

/** What is asked for, and who is told meanwhile. */
export interface AskOptions {
  readonly queue: DriverQueue;
  readonly jobId: string;
  readonly data: JobData;
  /** Whether it may go to Redis together with others. */
  readonly mayBundle: boolean;
  readonly encryption: Encryption | null;
  readonly context: TaskContext;
  readonly listener: JobListener | undefined;
  /** Aborts when a job that no worker has begun is to be taken back. */
  readonly ending: AbortSignal | undefined;
}

/** Brings a job to a queue and gives what a worker answers. @throws the reason of the context's signal when that aborts */
export function ask(options: AskOptions): Promise<JobAnswer> {
  return new Promise((resolve, reject) => new Ask(options, resolve, reject));
}

class Ask implements JobWatcher {
  readonly #options: AskOptions;
  readonly #resolve: (answer: JobAnswer) => void;
  readonly #reject: (error: unknown) => void;
  readonly #leave: ReturnType<DriverQueue['ask']>;
  /** Until all that was said before is told. */
  #told: Awaitable<void> = undefined;
  #isAssigned = false;
  /** Called when there is an answer, or will be none. */
  #over: () => void = () => undefined;
  /** Who has begun on it. */
  readonly #workers = new Set<string>();

  constructor(options: AskOptions, resolve: (answer: JobAnswer) => void, reject: (error: unknown) => void) {
    this.#options = options;
    this.#resolve = resolve;
    this.#reject = reject;
    const { queue, jobId: id, data, mayBundle, context, ending } = options;
    this.#leave = queue.ask({ id, data, mayBundle }, this);
    const calls = [onAbort(context.signal, () => this.#abort())];
    if (ending) calls.push(onAbort(ending, () => void this.#withdraw()));
    this.#over = () => {
      for (const letGo of calls) letGo();
    };
  }

  answered(raw: RawAnswer): void {
    const { encryption, queue, jobId } = this.#options;
    this.#then(() => {
      const sealed = sealedIn(raw);
      return andThen(open<JobAnswer>(sealed, encryption, this.#place('answer', raw.of)), (answer) => {
        // Of what is not encrypted, only bad news is believed; and of what is said to a whole bundle.
        if (encryption && !isEncrypted(sealed) && isDone(answer)) throw notEncrypted(answer);
        if (raw.of !== jobId && isDone(answer))
          throw new QueueError(`the answer of job ${jobId} of queue ${queue.name} is that of ${raw.of}`);
        this.#over();
        if (answer.type === 'lost') return this.#resolve({ ...answer, workers: [...this.#workers] });
        this.#assigned(answer.worker, undefined);
        this.#noteTook(answer);
        if (answer.output !== '') this.#options.listener?.printed(answer.output);
        return this.#resolve(answer);
      });
    });
  }

  failed(error: unknown): void {
    this.#over();
    this.#reject(error);
  }

  said(text: string): void {
    const { encryption, jobId, context } = this.#options;
    const tell = ({ all }: AllSaid) => {
      for (const said of all) this.#tell(said);
    };
    // The result does not depend on it.
    const pass = (error: unknown) => context.log(`a message of its worker cannot be read: ${describeError(error)}`);
    this.#then(() =>
      rescue(() => andThen(open<AllSaid>(parsed(text), encryption, this.#place('said', jobId)), tell), pass),
    );
  }

  #place(kind: Place['kind'], id: string): Place {
    return { kind, queue: this.#options.queue.name, id };
  }

  started(worker?: string): void {
    this.#options.listener?.started?.();
    if (worker !== undefined) this.#assigned(worker, undefined);
  }

  waits(): void {
    this.#isAssigned = false;
    this.#options.listener?.waits?.();
    if (this.#options.ending?.aborted) void this.#withdraw();
  }

  stalled(): void {
    this.#options.context.log(
      'the worker that ran it was lost, or did not show that it is alive: another one begins anew',
    );
  }

  unheard(): void {
    const { name } = this.#options.queue;
    this.#options.context.log(
      `no worker is there that takes jobs of queue ${name}: start one with tidemark worker FILE --queue ${name}, or startWorker({ … })`,
    );
  }

  /** What cannot be read fails the job, rather than being passed over. */
  #then(act: () => Awaitable<void>): void {
    const fail = (error: unknown) => this.failed(error);
    try {
      this.#told = andThen(this.#told, act);
      if (this.#told) (this.#told as Promise<void>).then(undefined, fail);
    } catch (error) {
      fail(error);
    }
  }

  #tell(said: Said): void {
    const { context } = this.#options;
    if (said.type === 'log') context.log(said.message);
    else if (said.type === 'assigned') this.#assigned(said.worker, said.pid);
    // TypeScript takes the arguments of one overload only.
    else context.progress(...(said.said as [number, number?, string?]));
  }

  /** A task that failed may take longer when it does not. */
  #noteTook(answer: JobAnswer): void {
    const { queue, data } = this.#options;
    if (answer.took !== undefined && isDone(answer)) queue.noteTook(data.task, answer.took);
  }

  #assigned(worker: string, pid: number | undefined): void {
    if (this.#isAssigned) return;
    this.#isAssigned = true;
    this.#workers.add(worker);
    this.#options.listener?.assigned(worker, pid);
  }

  async #withdraw(): Promise<void> {
    const { queue, jobId, data } = this.#options;
    if (await queue.withdraw(jobId, this)) this.failed(new NotStartedError(data.task));
  }

  #abort(): void {
    const { reason } = this.#options.context.signal;
    this.failed(reason);
    this.#leave((sentAs) => {
      const { encryption } = this.#options;
      const outbox = new Outbox();
      const content = { failure: writeFailure(reason, outbox), bytes: outbox.bytes };
      return andThen(seal(content, encryption, this.#place('abort', sentAs)), (sealed) => JSON.stringify(sealed));
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
function sealedIn({ isFailed, content }: RawAnswer): Sealed {
  const sealed = typeof content === 'string' ? parsed(content) : content;
  if (isSealed(sealed)) return sealed;
  throw new QueueError(
    `its job was ${isFailed ? 'failed' : 'completed'} by something else than a worker of Tidemark: its answer is ${describeText(content)}`,
  );
}
