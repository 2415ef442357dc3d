import { Connection } from '../connection';
import type { QueueConnection } from '../options';
import type { QueueError } from '../queue-error';

/** A worker's connections to Redis. */
export class WorkerConnections {
  readonly commands: Connection;
  /** By which it waits for jobs. */
  readonly blocking: Connection;
  /** By which it hears what is not wanted any more. */
  readonly subscriber: Connection;
  /** Why they were lost. */
  lostError: QueueError | undefined;

  /** @param connection they come back however long Redis is away, once they were there */
  constructor(connection: QueueConnection) {
    const onLost = (error: QueueError) => {
      this.lostError ??= error;
      this.close();
    };
    const options = { connection, patience: Number.POSITIVE_INFINITY, onLost };
    this.commands = new Connection(options);
    this.blocking = new Connection({ ...options, isBlocking: true });
    this.subscriber = new Connection(options);
  }

  /** @throws {QueueError} within 5 seconds when Redis cannot be reached */
  async ready(): Promise<void> {
    await Promise.all([this.commands.ready(), this.blocking.ready(), this.subscriber.ready()]);
  }

  close(): void {
    for (const connection of [this.commands, this.blocking, this.subscriber]) connection?.close();
  }
}
