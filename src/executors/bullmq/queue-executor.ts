import type { Executor } from '../executor';

/** What is going on in a queue. */
export interface QueueMetrics {
  /** Jobs that wait for a worker. */
  readonly waiting: number;
  /** Jobs that workers run. */
  readonly active: number;
  /** Jobs that have failed since there is the queue; what was tried again counts each time. */
  readonly failed: number;
  /** Workers that take its jobs. */
  readonly workers: number;
}

/** An executor whose tasks wait in queues for workers anywhere. */
export interface QueueExecutor extends Executor {
  /** How many jobs wait, run and have failed, and how many workers there are, by the queues that were used. */
  metrics(): Promise<Readonly<Record<string, QueueMetrics>>>;
  close(): Promise<void>;
}
