/// <reference lib="esnext.disposable" preserve="true" />
import { startBundledWorker } from '../executors/worker/bundled-worker';
import { offerReport } from '../run/report';

export { defineConfig, type TidemarkConfig } from '../config/define-config';
export { aesGcm } from '../encoding/aes-gcm';
export { brotli } from '../encoding/compressors/brotli';
export { gzip } from '../encoding/compressors/gzip';
export { zstd } from '../encoding/compressors/zstd';
export type { Compression, Encoder, Encryption, Serialization } from '../encoding/encoder';
export { encoder } from '../encoding/make-encoder';
export type { Filter } from '../encoding/parts';
export { registerType } from '../encoding/register-type';
export { bytes, cbor, json, v8 } from '../encoding/serializers';
export { shuffle } from '../encoding/shuffle';
export { UnsupportedValueError } from '../encoding/unsupported-value-error';
export { TidemarkError } from '../error';
export type { Executor } from '../executors/executor';
export { inline } from '../executors/inline';
export { NeverSettledError } from '../executors/never-settled-error';
export { CannotSendError } from '../executors/pool/cannot-send-error';
export { WorkerLostError } from '../executors/pool/worker-lost-error';
export { processes } from '../executors/processes';
export { threads } from '../executors/threads';
export { LoadError } from '../load/load-error';
export type { NodeInfo, RunEvent } from '../run/events';
export { RunFailedError, TaskFailedError } from '../run/failure';
export type { RunnerOptions, RunOptions } from '../run/options';
export type { Plan, PlannedNode } from '../run/plan';
export type { Run } from '../run/run';
export type { ResultOf } from '../run/runnable';
export { Runner } from '../run/runner';
export type { RunSummary } from '../run/summary';
export { TaskTimeoutError } from '../run/timeout';
export {
  DamagedCheckpointError,
  UnencryptedCheckpointError,
  UnreadableCheckpointError,
} from '../storage/checkpoint-error';
export type { StorageOptions } from '../storage/layer';
export { LeaseLostError } from '../storage/lease/lease-lost-error';
export type { StorageSource } from '../storage/open';
export type { CheckpointRecord } from '../storage/record';
export type { TaskStats } from '../storage/stats';
export { Storage } from '../storage/storage';
export { StorageError } from '../storage/storage-error';
export { type Container, typediContainer } from '../task/container';
export type { TaskContext, TaskKey } from '../task/context';
export { DeclarationError, ParamError } from '../task/declaration-error';
export { TaskDirectory } from '../task/directory';
export { fileFingerprint, folderFingerprint } from '../task/file-fingerprint';
export { task } from '../task/make-ref';
export type { TaskOptions } from '../task/options';
export type { OutputOf, ParamsOf } from '../task/output';
export { Param } from '../task/param';
export { isTaskRef, TaskRef } from '../task/ref';
export { Requires } from '../task/requires';
export { Task } from '../task/task';
export type { TaskClass } from '../task/task-class';

offerReport('progress', ({ events, sizes }) => {
  const { showProgress } = require('../report/progress') as typeof import('../report/progress');
  return showProgress(events, { sizes });
});
startBundledWorker();
