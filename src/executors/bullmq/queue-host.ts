import type { BundledAnswer } from './bundle-content';
import type { Connection } from './connection';
import type { Follower } from './event-reader';
import type { QueueError } from './queue-error';

/** What a queue needs of the connections that it lives on. */
export interface QueueHost {
  readonly adding: Connection;
  /** Starts to tell the queue of its events. */
  follow(follower: Follower): Promise<void>;
  /** Told when it begins or ends to wait for jobs. */
  waits(count: number): void;
  /** Looks before long for the jobs of which it is not known whether they were added. */
  lookSoon(): void;
  /** Tells workers to end a job that one of them runs. */
  abort(queueName: string, jobId: string, reason: string): Promise<void>;
  /** What became of jobs of a bundle, by where a worker has left that; undefined when it is not there any more. */
  answersIn(place: string): Promise<readonly BundledAnswer[] | undefined>;
  /** What went wrong, in words. */
  error(cause: unknown): QueueError;
}
