import type { Bytes } from '../../encoding/encoder';
import type { FromWorker, JobMessage, StartMessage, ToWorker } from '../pool/messages';
import { Outbox } from '../pool/outbox';
import { readFailure } from '../pool/read-failure';
import { writeFailure } from '../pool/write-failure';
import { Catalogue } from './catalogue';
import { runJob } from './run-job';
import { WorkerContext } from './worker-context';

export type SendToPool = (message: FromWorker, bytes: readonly Bytes[]) => void;

/** The worker's side of a pool: loads the modules once, and runs one job after the other. */
export class Service {
  readonly #send: SendToPool;
  readonly #givesAway: boolean;
  #start: StartMessage | undefined;
  #catalogue: Promise<Catalogue> | undefined;
  #running: AbortController | undefined;
  #closing: Promise<string | undefined> | undefined;

  /** @param options `givesAway`: whether the memory of bytes is gone once they are sent */
  constructor(send: SendToPool, { givesAway }: { readonly givesAway: boolean }) {
    this.#send = send;
    this.#givesAway = givesAway;
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
        void readFailure(message.reason, bytes, this.#start!.modules).then((reason) => running?.abort(reason));
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
    const outbox = new Outbox(this.#givesAway);
    this.#send({ type: 'crashed', failure: writeFailure(error, outbox) }, outbox.bytes);
  }

  readonly #sayReady = (): void => this.#send({ type: 'ready' }, []);

  async #run(job: JobMessage, bytes: readonly Bytes[]): Promise<void> {
    const abort = new AbortController();
    this.#running = abort;
    const outbox = new Outbox(this.#givesAway);
    const context = new WorkerContext(job, abort.signal, (message) => this.#send(message, []));
    const reply = await this.#attempt(job, bytes, context, outbox);
    this.#running = undefined;
    this.#send(reply, outbox.bytes);
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
