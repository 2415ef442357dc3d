import { describeNamed } from '../../base/describe-error';
import { sharedState } from '../../base/shared-state';
import { emitWarning } from '../../base/warnings';
import type { Bytes } from '../../encoding/encoder';
import { NeverSettledError, neverSettlesMessage, WorkerLostError } from '../errors';
import { Attachments } from '../remote/attachments';
import { readFailure, writeFailure } from '../remote/failure';
import type { FromWorker, SentFailure, StartMessage } from '../remote/messages';
import type { PoolJob } from './pool-job';
import type { StartWorker, WorkerExit, WorkerHandle } from './worker-handle';

/** The numbers in use, by kind of pool. */
const numbersInUse = sharedState('worker-names', () => new Map<string, Set<number>>());

/** What a worker is called. */
interface WorkerName {
  readonly text: string;
  /** Called once the worker is gone: another one may be called so. */
  release(): void;
}

/** A name such as `threads 2`, which no other worker of this process has meanwhile, of whatever pool. */
function acquireName(pool: string): WorkerName {
  let numbers = numbersInUse.get(pool);
  if (!numbers) numbersInUse.set(pool, (numbers = new Set()));
  let number = 1;
  while (numbers.has(number)) number++;
  numbers.add(number);
  return { text: `${pool} ${number}`, release: () => void numbers.delete(number) };
}

/** How long a task may go on after its signal has aborted, in milliseconds. */
const gracePeriod = 1_000;
/** How long a worker may take to close its container, in milliseconds: longer than it waits for that itself. */
const closeTimeout = 6_000;

/** Told by a member of a pool. */
interface WorkerSlotListener {
  ready(): void;
  /** Its job is over. */
  free(): void;
  exited(ending: WorkerExit): void;
}

/** A worker of a pool, and the job that it runs. */
export class WorkerSlot {
  readonly worker: WorkerHandle;
  readonly #listener: WorkerSlotListener;
  readonly #start: StartMessage;
  readonly #name: ReturnType<typeof acquireName>;
  #job: PoolJob | undefined;
  #graceTimer: NodeJS.Timeout | undefined;
  #crash: { readonly failure: SentFailure; readonly bytes: readonly Bytes[] } | undefined;
  /** Called when the container is closed, or will not be. */
  #closed: (() => void) | undefined;
  #isOver = false;
  isReady = false;
  /** Whether it was ended, since its task would not end. */
  wasKilled = false;

  constructor(startWorker: StartWorker, start: StartMessage, listener: WorkerSlotListener) {
    this.#listener = listener;
    this.#start = start;
    this.worker = startWorker({
      message: (message, bytes) => this.#handle(message, bytes),
      exited: (ending) => this.#exited(ending),
    });
    this.#name = acquireName(start.pool);
    this.worker.send(start, []);
  }

  run(job: PoolJob): void {
    this.#job = job;
    job.begin();
    job.onAbort = () => this.#abort(job.request.context.signal.reason);
    this.worker.setRef(true);
    this.worker.drainOutput();
    job.request.listener?.assigned(this.#name.text, this.worker.pid);
    try {
      this.worker.send(job.request.message, job.request.bytes);
    } catch (error) {
      // There is not enough memory, say.
      this.#detachJob();
      job.fail(error);
      setImmediate(() => this.#listener.free());
    }
  }

  /** Ends it when it does nothing: the container first. */
  async end(): Promise<void> {
    const { container, pool } = this.#start;
    if (container !== undefined && !this.#isOver) {
      const isClosed = await this.#closeContainer();
      if (!isClosed)
        emitWarning(
          `a worker of ${pool}() did not close its container ${container} within ${closeTimeout / 1000} s: it is ended`,
        );
    }
    await this.worker.end();
  }

  #closeContainer(): Promise<boolean> {
    this.worker.setRef(true);
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, closeTimeout, false);
      this.#closed = () => {
        clearTimeout(timer);
        resolve(true);
      };
      this.worker.send({ type: 'close' }, []);
    });
  }

  /** The error of what was to run on it when it ended. @param output what it printed */
  async lostError({ how, cause }: WorkerExit, output = this.worker.drainOutput()): Promise<WorkerLostError> {
    const { pool, modules } = this.#start;
    const worker = pool === 'threads' ? 'thread' : 'process';
    if (this.wasKilled)
      return new WorkerLostError(
        `it went on for ${gracePeriod / 1000} s after its signal had aborted`,
        { how: `its ${worker} was ended`, cause },
        output,
      );
    const crash = this.#crash && (await readFailure(this.#crash.failure, this.#crash.bytes, modules));
    return new WorkerLostError(
      this.isReady ? `the ${worker} that ran it ended` : `the ${worker} ended while it loaded ${modules.join(', ')}`,
      this.#crash ? { how: `uncaught ${describeNamed(crash)}`, cause: crash } : { how, cause },
      output,
    );
  }

  #handle(message: FromWorker, bytes: readonly Bytes[]): void {
    switch (message.type) {
      case 'ready':
        this.isReady = true;
        this.#listener.ready();
        break;
      case 'closed':
        if (message.problem !== undefined) emitWarning(message.problem);
        this.#closed?.();
        break;
      case 'progress':
        // TypeScript takes the arguments of one overload only.
        this.#job?.request.context.progress(...(message.said as [number, number?, string?]));
        break;
      case 'log':
        this.#job?.request.context.log(message.message);
        break;
      case 'crashed':
        this.#crash = { failure: message.failure, bytes };
        break;
      case 'stuck':
        this.#settle((job) => job.fail(new NeverSettledError(neverSettlesMessage)));
        break;
      case 'done':
      case 'failed':
        this.#settle((job, output) => job.succeed({ reply: message, bytes, output }));
        break;
      default:
        message satisfies never;
    }
  }

  #settle(settle: (job: PoolJob, output: string) => void): void {
    const job = this.#detachJob();
    const output = this.worker.drainOutput();
    if (output !== '') job?.request.listener?.printed(output);
    if (job) settle(job, output);
    if (!this.wasKilled) this.#listener.free();
    if (!this.#job) this.worker.setRef(false);
  }

  #abort(reason: unknown): void {
    const outbox = new Attachments();
    this.worker.send({ type: 'abort', reason: writeFailure(reason, outbox) }, outbox.bytes);
    this.#graceTimer = setTimeout(() => {
      this.wasKilled = true;
      this.worker.kill();
    }, gracePeriod);
  }

  #exited(ending: WorkerExit): void {
    const job = this.#detachJob();
    this.#isOver = true;
    this.#closed?.();
    this.#name.release();
    if (job) this.#failLost(job, ending);
    this.#listener.exited(ending);
  }

  #failLost(job: PoolJob, ending: WorkerExit): void {
    const { context, listener } = job.request;
    const output = this.worker.drainOutput();
    if (output !== '') listener?.printed(output);
    const cause = this.wasKilled ? context.signal.reason : ending.cause;
    void this.lostError({ ...ending, cause }, output).then((error) => job.fail(error));
  }

  #detachJob(): PoolJob | undefined {
    const job = this.#job;
    this.#job = undefined;
    clearTimeout(this.#graceTimer);
    return job;
  }
}
