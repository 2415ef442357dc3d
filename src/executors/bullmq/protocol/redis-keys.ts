/** Default prefix of all keys in Redis. */
export const defaultPrefix = 'tidemark.jobs';

/**
 * A queue's name as BullMQ takes it: without `:`, which separates the parts of keys, and without what means
 * something to Redis or to people's tools.
 */
export function queueName(name: string): string {
  return name.replaceAll(/[^\w.-]/gu, (character) =>
    [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
}

/** The keys in Redis that are ours and not BullMQ's. No queue begins with `@`. */
export class RedisKeys {
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** There while a run's driver lives. */
  run(runId: string): string {
    return `${this.#prefix}:@run:${runId}`;
  }

  /** The runs that have short-lived entries. */
  get runs(): string {
    return `${this.#prefix}:@runs`;
  }

  /** The short-lived entries of a run. */
  temporaryResults(runId: string): string {
    return `${this.#prefix}:@passing:${runId}`;
  }

  /** The ids of workers. */
  get workers(): string {
    return `${this.#prefix}:@workers`;
  }

  /** Registration of a live worker. */
  worker(id: string): string {
    return `${this.#prefix}:@worker:${id}`;
  }

  /** Channel of cancellations. */
  get cancellations(): string {
    return `${this.#prefix}:@aborts`;
  }

  /** The same for one job, for workers that did not hear it. */
  cancellation(queue: string, jobId: string): string {
    return `${this.#prefix}:@abort:${queue}:${jobId}`;
  }

  /** Answers of a batch, from one worker. */
  batchAnswers(place: string): string {
    return `${this.#prefix}:@answers:${place}`;
  }

  /** A stream by which a driver wakes its own reader. */
  wake(id: string): string {
    return `${this.#prefix}:@wake:${id}`;
  }

  /** How many jobs failed, by queue. */
  get failed(): string {
    return `${this.#prefix}:@failed`;
  }

  /** Held by the worker that looks for what runs left behind. */
  get sweep(): string {
    return `${this.#prefix}:@sweep`;
  }
}
