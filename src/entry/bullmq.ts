export { bullmq } from '../executors/bullmq';
export type { BullMqOptions, QueueConnection } from '../executors/bullmq/options';
export { QueueError } from '../executors/bullmq/queue-error';
export type { QueueExecutor, QueueMetrics } from '../executors/bullmq/queue-executor';
export type { WorkerHealth, WorkerOptions } from '../executors/bullmq/worker/options';
export type { CloseOptions, TidemarkWorker } from '../executors/bullmq/worker/tidemark-worker';
export { startWorker } from '../executors/start-worker';
