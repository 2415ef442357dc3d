import type { Connection } from '../connection';
import type { Keys } from '../names';
import { type AbortMessage, readAbort } from '../read-content';
import type { RunningJob } from './running-job';

export type OnAbort = (job: RunningJob, reason: string) => void;

/** For how long it is remembered what was heard of jobs that are not here (yet), in milliseconds. */
const rememberedFor = 5_000;

/** Hears which jobs drivers do not want any more. */
export class Aborts {
  readonly #commands: Connection;
  readonly #hearing: Connection;
  readonly #keys: Keys;
  readonly #running: ReadonlySet<RunningJob>;
  readonly #onAbort: OnAbort;
  readonly #heard = new Map<string, string>();

  /** @param hearing a connection for this alone */
  constructor(options: {
    commands: Connection;
    hearing: Connection;
    keys: Keys;
    running: ReadonlySet<RunningJob>;
    onAbort: OnAbort;
  }) {
    this.#commands = options.commands;
    this.#hearing = options.hearing;
    this.#keys = options.keys;
    this.#running = options.running;
    this.#onAbort = options.onAbort;
  }

  async start(): Promise<void> {
    const { client } = this.#hearing;
    client.on('message', (_: string, text: string) => {
      const message = readAbort(text);
      if (message) this.#hear(message);
    });
    // The client subscribes again by itself; what was said meanwhile is written down.
    client.on('ready', () => void this.#catchUp());
    await client.subscribe(this.#keys.aborts);
  }

  /** A job was taken: it may have been said before that nobody wants it. */
  begin(job: RunningJob): void {
    const { queue, id } = job.taken;
    const key = this.#keys.abort(queue.name, id);
    const reason = this.#heard.size > 0 ? this.#heard.get(key) : undefined;
    if (reason !== undefined) this.#abort(job, key, reason);
  }

  #hear({ queue, jobId, reason }: AbortMessage): void {
    const key = this.#keys.abort(queue, jobId);
    const job = [...this.#running].find(({ taken }) => taken.id === jobId && taken.queue.name === queue);
    if (job) {
      this.#abort(job, key, reason);
      return;
    }
    this.#heard.set(key, reason);
    setTimeout(() => this.#heard.delete(key), rememberedFor).unref();
  }

  /** Whoever asks for the same job later is not to be told that it is unwanted. */
  #abort(job: RunningJob, key: string, reason: string): void {
    this.#heard.delete(key);
    this.#commands.client.del(key).catch(() => undefined);
    this.#onAbort(job, reason);
  }

  async #catchUp(): Promise<void> {
    const jobs = [...this.#running];
    if (jobs.length === 0) return;
    const keys = jobs.map(({ taken }) => this.#keys.abort(taken.queue.name, taken.id));
    const reasons = await this.#commands.client.mget(keys).catch(() => []);
    for (const [i, job] of jobs.entries()) {
      const reason = reasons[i];
      if (typeof reason === 'string') this.#abort(job, keys[i]!, reason);
    }
  }
}
