export { bullmq, startWorker } from '../executors/bullmq/bullmq';
export type { BullMqOptions, QueueConnection, QueueExecutor, QueueMetrics } from '../executors/bullmq/options';
export { QueueError } from '../executors/bullmq/queue-error';
export type { WorkerHealth, WorkerOptions } from '../executors/bullmq/worker/options';
export type { CloseOptions, TidemarkWorker } from '../executors/bullmq/worker/worker';
