import { type OpeningClient, openRedisClient } from './redis-client';
import type { RedisAddress } from './redis-uri';
import { checkReply } from './replies';
import { StallWatch } from './stall-watch';

/** How long nothing may come or go while something is asked. */
const PATIENCE = 4000;

/**
 * One connection, good until it breaks. Everything that is asked is settled: answered, or rejected with why the
 * connection broke. It keeps the process alive only while something is asked.
 */
export class RedisConnection {
  readonly #opening: OpeningClient;
  readonly #abort = new AbortController();
  /** What rejects each request that is not settled yet. */
  readonly #asked = new Set<(error: unknown) => void>();
  readonly #watch: StallWatch;
  readonly #closed: (() => void)[] = [];
  #end: unknown;
  #wasOpen = false;
  #hasAnswered = false;

  constructor(address: RedisAddress) {
    this.#opening = openRedisClient(address, this.#abort.signal, (error) => this.#finish(error));
    this.#watch = new StallWatch(this.#opening.socket, PATIENCE, (error) => this.#finish(error));
    this.#opening.opened.then(
      () => (this.#wasOpen = true),
      (error) => this.#finish(error),
    );
  }

  get isOver(): boolean {
    return this.#end !== undefined;
  }

  /** Whether it could be used, before it broke or still. */
  get wasOpen(): boolean {
    return this.#wasOpen;
  }

  /** Whether a command was done on it. */
  get hasAnswered(): boolean {
    return this.#hasAnswered;
  }

  /** Commands arrive in the order in which they are asked. */
  ask(command: readonly (string | Buffer)[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.isOver) return reject(this.#end);
      this.#asked.add(reject);
      if (this.#asked.size === 1) this.#begin();
      const settle = <T>(then: (value: T) => void) => {
        return (value: T) => {
          // What broke the connection says more than what became of a command on it, and comes just before.
          if (!this.#asked.delete(reject)) return;
          then(value);
          this.#watch.answered();
          if (this.#asked.size === 0) this.#rest();
        };
      };
      const { opened, client } = this.#opening;
      const checked = (reply: unknown) => {
        try {
          checkReply(command, reply);
        } catch (error) {
          // Other answers may be as wrong, or those to other commands.
          this.#finish(error);
        }
        this.#hasAnswered = true;
        return reply;
      };
      opened.then(() => client.sendCommand(command)).then((reply) => settle(resolve)(checked(reply)), settle(reject));
    });
  }

  /** Resolves when everything that was asked is settled and the connection is gone. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      if (this.isOver) return resolve();
      this.#closed.push(resolve);
      if (this.#asked.size === 0) this.#rest();
    });
  }

  #begin(): void {
    this.#opening.client.ref();
    this.#watch.start();
  }

  #rest(): void {
    this.#watch.stop();
    if (this.#closed.length > 0) this.#finish(new Error('the storage was closed'));
    else this.#opening.client.unref();
  }

  #finish(end: unknown): void {
    if (this.isOver) return;
    this.#end = end ?? new Error('the connection ended');
    this.#watch.stop();
    try {
      this.#opening.client.destroy();
    } catch {
      // It was not open, or not any more.
    }
    this.#abort.abort();
    for (const reject of this.#asked) reject(this.#end);
    this.#asked.clear();
    for (const resolve of this.#closed) resolve();
  }
}
