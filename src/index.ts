/// <reference lib="esnext.disposable" preserve="true" />
import { startBundledWorker } from './executors/worker/bundled-worker';

export type { Awaitable } from './awaitable';
export { defineConfig, type TidemarkConfig } from './config/define-config';
export { type AesGcmOptions, aesGcm } from './encoding/aes-gcm';
export { CannotDecodeError } from './encoding/cannot-decode-error';
export { brotli } from './encoding/compressors/brotli';
export { gzip } from './encoding/compressors/gzip';
export type { CompressorOptions } from './encoding/compressors/level';
export { zstd } from './encoding/compressors/zstd';
export type { Bytes, Compression, Encoder, Encryption, Serialization, Serialized } from './encoding/encoder';
export { type EncoderParts, encoder } from './encoding/make-encoder';
export type { Compressor, Encrypter, Filter, Serializer } from './encoding/parts';
export { registerType, type TypeCodec } from './encoding/register-type';
export type { Passphrase, SecretKeySource } from './encoding/secret-key';
export { bytes, cbor, json, v8 } from './encoding/serializers';
export { shuffle } from './encoding/shuffle';
export { UnsupportedValueError } from './encoding/unsupported-value-error';
export { TidemarkError } from './error';
export { bullmq } from './executors/bullmq';
export type { BullMqOptions, QueueConnection } from './executors/bullmq/options';
export { QueueError } from './executors/bullmq/queue-error';
export type { QueueExecutor, QueueMetrics } from './executors/bullmq/queue-executor';
export type { WorkerHealth, WorkerOptions } from './executors/bullmq/worker/options';
export type { CloseOptions, TidemarkWorker } from './executors/bullmq/worker/tidemark-worker';
export type { Executor, Job, JobListener } from './executors/executor';
export { inline } from './executors/inline';
export { NeverSettledError } from './executors/never-settled-error';
export { CannotSendError } from './executors/pool/cannot-send-error';
export type { WorkerPoolOptions } from './executors/pool/options';
export { WorkerLostError } from './executors/pool/worker-lost-error';
export { type ProcessesOptions, processes } from './executors/processes';
export { SentResult } from './executors/sent-result';
export { startWorker } from './executors/start-worker';
export { type ThreadsOptions, threads } from './executors/threads';
export { LoadError } from './load/load-error';
export {
  type FoldOptions,
  type GraphPicture,
  type HtmlOptions,
  type NodeState,
  type PictureEdge,
  type PictureNode,
  type PictureSpan,
  type ProgressOptions,
  type ProgressStream,
  pictureOf,
  RunRecorder,
  showProgress,
  toDot,
  toHtml,
  toJson,
  toMermaid,
  toSvg,
  toTrace,
} from './report';
export type { NodeInfo, RunEvent, RunHappening } from './run/events';
export { RunFailedError, TaskFailedError } from './run/failure';
export type { QueueOptions } from './run/lanes';

export type { RunnerOptions, RunOptions } from './run/options';
export type { Plan, PlannedNode } from './run/plan';
export type { Run } from './run/run';
export type { ResultOf, Runnable } from './run/runnable';
export { Runner } from './run/runner';
export type { RunSummary } from './run/summary';
export { TaskTimeoutError } from './run/timeout';
export {
  DamagedCheckpointError,
  UnencryptedCheckpointError,
  UnreadableCheckpointError,
} from './storage/checkpoint-error';
export type { LeaseOptions, StorageOptions } from './storage/layer';
export type { LeaseBoard } from './storage/lease/lease-board';
export { LeaseLostError } from './storage/lease/lease-lost-error';
export type { StorageSource } from './storage/open';
export type { CheckpointRecord } from './storage/record';
export type { ScopeOptions } from './storage/scope';
export type { TaskStats } from './storage/stats';
export { type ChainOptions, type ListFilter, Storage } from './storage/storage';
export { StorageError } from './storage/storage-error';
export type { SetOptions, StoreAdapter } from './storage/store';
export { type Container, typediContainer } from './task/container';
export type { TaskContext, TaskKey } from './task/context';
export { DeclarationError, ParamError } from './task/declaration-error';
export { TaskDirectory } from './task/directory';
export { fileFingerprint, folderFingerprint } from './task/file-fingerprint';
export { task } from './task/make-ref';
export type { ParamOptions, RetryOptions, TaskOptions } from './task/options';
export type { OutputOf, ParamsOf, Resolved } from './task/output';
export { Param } from './task/param';
export type { ParamType } from './task/param-type';
export { isTaskRef, type PartPath, TaskRef } from './task/ref';
export { Requires } from './task/requires';
export type { StandardSchema } from './task/schema';
export { Task } from './task/task';
export type { RunnableTask, TaskClass } from './task/task-class';

startBundledWorker();
