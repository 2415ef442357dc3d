import type { Bytes } from '../../encoding/encoder';
import type { FromWorker, JobMessage, StartMessage, ToWorker } from '../pool/messages';
import { Outbox } from '../pool/outbox';
import { readFailure } from '../pool/read-failure';
import { writeFailure } from '../pool/write-failure';
import { Catalogue } from './catalogue';
import { runJob } from './run-job';
import { WorkerContext } from './worker-context';

/** The worker's end of what connects it to its pool. */
export interface PoolLink {
  send(message: FromWorker, bytes: readonly Bytes[]): void;
  /** Whether the memory of bytes is gone once they are sent. */
  readonly givesAway: boolean;
  /** Whether waiting for messages keeps this worker alive. */
  setRef(isReferenced: boolean): void;
}

/** The job that runs. */
interface Running {
  readonly abort: AbortController;
  readonly context: WorkerContext;
  /** Whether something of the pool ends it, should it never settle. */
  readonly isTimed: boolean;
}

/** The worker's side of a pool: loads the modules once, and runs one job after the other. */
export class Service {
  readonly #link: PoolLink;
  #start: StartMessage | undefined;
  #catalogue: Promise<Catalogue> | undefined;
  #running: Running | undefined;
  #closing: Promise<string | undefined> | undefined;

  constructor(link: PoolLink) {
    this.#link = link;
    process.on('beforeExit', this.#drained);
  }

  get isBusy(): boolean {
    return this.#running !== undefined;
  }

  take(message: ToWorker, bytes: readonly Bytes[]): void {
    switch (message.type) {
      case 'start':
        this.#start = message;
        this.#catalogue = Catalogue.load(message);
        // Each job fails by what is thrown here; the worker stays, since another one would fare no better.
        this.#catalogue.then(this.#sayReady, this.#sayReady);
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
    return (await this.#catalogue?.catch(() => undefined))?.close();
  }

  /** Tells of an error that nobody caught, which ends this worker. */
  crash(error: unknown): void {
    const outbox = new Outbox(this.#link.givesAway);
    this.#send({ type: 'crashed', failure: writeFailure(error, outbox) }, outbox.bytes);
  }

  readonly #sayReady = (): void => this.#send({ type: 'ready' }, []);

  async #run(job: JobMessage, bytes: readonly Bytes[]): Promise<void> {
    const abort = new AbortController();
    const outbox = new Outbox(this.#link.givesAway);
    const context = new WorkerContext(job, abort.signal, (message) => this.#send(message, []));
    const running = { abort, context, isTimed: job.isTimed };
    this.#running = running;
    this.#link.setRef(false);
    const reply = await this.#attempt(job, bytes, context, outbox);
    if (this.#running === running) this.#end(reply, outbox.bytes);
  }

  /** The event loop has nothing left to wait for but messages. */
  readonly #drained = (): void => {
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
    outbox: Outbox,
  ): Promise<FromWorker> {
    try {
      return await runJob(job, bytes, await this.#catalogue!, context, outbox);
    } catch (error) {
      return { type: 'failed', failure: writeFailure(error, outbox) };
    }
  }
}
