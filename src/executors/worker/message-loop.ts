import { explainError } from '../../base/describe-error';
import type { Bytes } from '../../encoding/encoder';
import { Attachments } from '../remote/attachments';
import { readFailure, writeFailure } from '../remote/failure';
import type { FromWorker, JobMessage, StartMessage, ToWorker } from '../remote/messages';
import { runJob, WorkerContext } from './run-job';
import { TaskCatalog } from './task-catalog';

/** The worker's end of what connects it to its pool. */
interface PoolLink {
  send(message: FromWorker, bytes: readonly Bytes[]): void;
  /** Whether sending transfers the memory of the bytes. */
  readonly givesAway: boolean;
  /** Whether waiting for messages keeps this worker alive. */
  setRef(isReferenced: boolean): void;
}

/** The job that runs. */
interface RunningJob {
  readonly abort: AbortController;
  readonly context: WorkerContext;
  /** Whether the task has a timeout, by which the pool ends it when it never settles. */
  readonly isTimed: boolean;
}

/** The worker's side of a pool: loads the modules once, and runs one job after the other. */
export class WorkerMessageLoop {
  readonly #link: PoolLink;
  #start: StartMessage | undefined;
  #catalog: Promise<TaskCatalog> | undefined;
  #running: RunningJob | undefined;
  #closing: Promise<string | undefined> | undefined;

  constructor(link: PoolLink) {
    this.#link = link;
    process.on('beforeExit', this.#onIdle);
  }

  get isBusy(): boolean {
    return this.#running !== undefined;
  }

  handle(message: ToWorker, bytes: readonly Bytes[]): void {
    switch (message.type) {
      case 'start':
        this.#start = message;
        this.#catalog = TaskCatalog.load(message);
        // Each job fails by what is thrown here; the worker stays, since another one would fare no better.
        this.#catalog.then(this.#reportReady, this.#reportReady);
        return;
      case 'job':
        void this.#run(message, bytes);
        return;
      case 'abort': {
        const running = this.#running;
        void readFailure(message.reason, bytes, this.#start!.modules).then((reason) => running?.abort.abort(reason));
        return;
      }
      case 'close':
        void this.close().then((problem) => this.#send({ type: 'closed', problem }, []));
        return;
      default:
        message satisfies never;
    }
  }

  /** Closes the container, once that is loaded. Never rejects: gives why that could not be done. */
  close(): Promise<string | undefined> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<string | undefined> {
    // A container that could not be loaded has failed the jobs.
    return (await this.#catalog?.catch(() => undefined))?.close();
  }

  /** Reports an uncaught error, which ends this worker. */
  crash(error: unknown): void {
    const outbox = new Attachments(this.#link.givesAway);
    this.#send({ type: 'crashed', failure: writeFailure(error, outbox) }, outbox.bytes);
  }

  readonly #reportReady = (): void => this.#send({ type: 'ready' }, []);

  async #run(job: JobMessage, bytes: readonly Bytes[]): Promise<void> {
    const abort = new AbortController();
    const outbox = new Attachments(this.#link.givesAway);
    const context = new WorkerContext(job, abort.signal, (message) => this.#send(message, []));
    const running = { abort, context, isTimed: job.isTimed };
    this.#running = running;
    this.#link.setRef(false);
    const reply = await this.#attempt(job, bytes, context, outbox);
    if (this.#running === running) this.#end(reply, outbox.bytes);
  }

  /** The event loop has nothing left to wait for but messages. */
  readonly #onIdle = (): void => {
    if (!this.#running) return;
    const { isTimed, context } = this.#running;
    if (isTimed || context.usesSignal) this.#link.setRef(true);
    else this.#end({ type: 'stuck' }, []);
  };

  #end(message: FromWorker, bytes: readonly Bytes[]): void {
    this.#running = undefined;
    this.#link.setRef(true);
    this.#send(message, bytes);
  }

  #send(message: FromWorker, bytes: readonly Bytes[]): void {
    this.#link.send(message, bytes);
  }

  async #attempt(
    job: JobMessage,
    bytes: readonly Bytes[],
    context: WorkerContext,
    outbox: Attachments,
  ): Promise<FromWorker> {
    try {
      return await runJob(job, bytes, await this.#catalog!, context, outbox);
    } catch (error) {
      return { type: 'failed', failure: writeFailure(error, outbox) };
    }
  }
}

/** Reports uncaught errors to the pool before they end this worker, unless the modules handle them. */
export function exitOnUncaught(service: WorkerMessageLoop): void {
  process.on('uncaughtException', (error) => {
    if (process.listenerCount('uncaughtException') > 1) return;
    service.crash(error);
    print(error);
    process.exit(1);
  });
}

function print(error: unknown): void {
  try {
    console.error(error);
  } catch {
    // It throws when it is shown.
    console.error(`Uncaught ${explainError(error)}`);
  }
}
