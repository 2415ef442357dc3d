import { describeNamed } from '../../base/describe-error';
import { emitWarning } from '../../base/warnings';
import type { Bytes } from '../../encoding/encoder';
import { NeverSettledError, neverSettles } from '../never-settled-error';
import type { FromWorker, SentFailure, StartMessage } from './messages';
import { Outbox } from './outbox';
import type { PoolJob } from './pool-job';
import type { Ending, PoolWorker, StartWorker } from './pool-worker';
import { readFailure } from './read-failure';
import { WorkerLostError } from './worker-lost-error';
import { takeName } from './worker-name';
import { writeFailure } from './write-failure';

/** How long a task may go on after its signal has aborted, in milliseconds. */
const grace = 1_000;
/** How long a worker may take to close its container, in milliseconds: longer than it waits for that itself. */
const closeMayTake = 6_000;

/** Told by a member of a pool. */
export interface MemberListener {
  ready(): void;
  /** Its job is over. */
  free(): void;
  ended(ending: Ending): void;
}

/** A worker of a pool, and the job that it runs. */
export class Member {
  readonly worker: PoolWorker;
  readonly #listener: MemberListener;
  readonly #start: StartMessage;
  readonly #name: ReturnType<typeof takeName>;
  #job: PoolJob | undefined;
  #patience: NodeJS.Timeout | undefined;
  #crash: { readonly failure: SentFailure; readonly bytes: readonly Bytes[] } | undefined;
  /** Called when the container is closed, or will not be. */
  #closed: (() => void) | undefined;
  #isOver = false;
  isReady = false;
  /** Whether it was ended, since its task would not end. */
  wasKilled = false;

  constructor(startWorker: StartWorker, start: StartMessage, listener: MemberListener) {
    this.#listener = listener;
    this.#start = start;
    this.worker = startWorker({
      message: (message, bytes) => this.#take(message, bytes),
      ended: (ending) => this.#ended(ending),
    });
    this.#name = takeName(start.pool);
    this.worker.send(start, []);
  }

  run(job: PoolJob): void {
    this.#job = job;
    job.begin();
    job.onAbort = () => this.#abort(job.request.context.signal.reason);
    this.worker.setRef(true);
    this.worker.takeOutput();
    job.request.listener?.assigned(this.#name.text, this.worker.pid);
    try {
      this.worker.send(job.request.message, job.request.bytes);
    } catch (error) {
      // There is not enough memory, say.
      this.#takeJob();
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
          `a worker of ${pool}() did not close its container ${container} within ${closeMayTake / 1000} s: it is ended`,
        );
    }
    await this.worker.end();
  }

  #closeContainer(): Promise<boolean> {
    this.worker.setRef(true);
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, closeMayTake, false);
      this.#closed = () => {
        clearTimeout(timer);
        resolve(true);
      };
      this.worker.send({ type: 'close' }, []);
    });
  }

  /** The error of what was to run on it when it ended. @param output what it printed */
  async lost({ how, cause }: Ending, output = this.worker.takeOutput()): Promise<WorkerLostError> {
    const { pool, modules } = this.#start;
    const worker = pool === 'threads' ? 'thread' : 'process';
    if (this.wasKilled)
      return new WorkerLostError(
        `it went on for ${grace / 1000} s after its signal had aborted`,
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

  #take(message: FromWorker, bytes: readonly Bytes[]): void {
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
        this.#settle((job) => job.fail(new NeverSettledError(neverSettles)));
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
    const job = this.#takeJob();
    const output = this.worker.takeOutput();
    if (output !== '') job?.request.listener?.printed(output);
    if (job) settle(job, output);
    if (!this.wasKilled) this.#listener.free();
    if (!this.#job) this.worker.setRef(false);
  }

  #abort(reason: unknown): void {
    const outbox = new Outbox();
    this.worker.send({ type: 'abort', reason: writeFailure(reason, outbox) }, outbox.bytes);
    this.#patience = setTimeout(() => {
      this.wasKilled = true;
      this.worker.kill();
    }, grace);
  }

  #ended(ending: Ending): void {
    const job = this.#takeJob();
    this.#isOver = true;
    this.#closed?.();
    this.#name.release();
    if (job) this.#loses(job, ending);
    this.#listener.ended(ending);
  }

  #loses(job: PoolJob, ending: Ending): void {
    const { context, listener } = job.request;
    const output = this.worker.takeOutput();
    if (output !== '') listener?.printed(output);
    const cause = this.wasKilled ? context.signal.reason : ending.cause;
    void this.lost({ ...ending, cause }, output).then((error) => job.fail(error));
  }

  #takeJob(): PoolJob | undefined {
    const job = this.#job;
    this.#job = undefined;
    clearTimeout(this.#patience);
    return job;
  }
}
