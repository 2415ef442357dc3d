import { Connection } from '../connection';
import type { QueueConnection } from '../options';
import type { QueueError } from '../queue-error';

/** A worker's connections to Redis. */
export class WorkerConnections {
  readonly commands: Connection;
  /** By which it waits for jobs. */
  readonly waiting: Connection;
  /** By which it hears what is not wanted any more. */
  readonly hearing: Connection;
  /** Why they were lost. */
  lostBy: QueueError | undefined;

  /** @param connection they come back however long Redis is away, once they were there */
  constructor(connection: QueueConnection) {
    const onLost = (error: QueueError) => {
      this.lostBy ??= error;
      this.close();
    };
    const options = { connection, patience: Number.POSITIVE_INFINITY, onLost };
    this.commands = new Connection(options);
    this.waiting = new Connection({ ...options, isBlocking: true });
    this.hearing = new Connection(options);
  }

  /** @throws {QueueError} within 5 seconds when Redis cannot be reached */
  async ready(): Promise<void> {
    await Promise.all([this.commands.ready(), this.waiting.ready(), this.hearing.ready()]);
  }

  close(): void {
    for (const connection of [this.commands, this.waiting, this.hearing]) connection?.close();
  }
}
