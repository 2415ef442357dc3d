/// <reference lib="esnext.disposable" preserve="true" />
import { startBundledWorker } from '../executors/worker/bundled-worker';

export { TidemarkError } from '../base/error';
export { defineConfig, type TidemarkConfig } from '../config/define-config';
export { brotli, gzip } from '../encoding/compression/zlib';
export { zstd } from '../encoding/compression/zstd';
export type { Compression, Encoder, Encryption, Serialization } from '../encoding/encoder';
export { aesGcm } from '../encoding/encryption/aes-gcm';
export { UnsupportedValueError } from '../encoding/errors';
export { encoder } from '../encoding/make-encoder';
export type { Filter } from '../encoding/parts';
export { registerType } from '../encoding/register-type';
export { bytes, cbor, json, v8 } from '../encoding/serialization/serializers';
export { shuffle } from '../encoding/shuffle';
export { CannotSendError, NeverSettledError, WorkerLostError } from '../executors/errors';
export type { Executor } from '../executors/executor';
export { inline } from '../executors/inline';
export { processes } from '../executors/processes';
export { threads } from '../executors/threads';
export { TaskTimeoutError } from '../executors/timeout';
export { LoadError } from '../load/load-error';
export { RunFailedError, TaskFailedError } from '../run/errors';
export type { NodeInfo, RunEvent } from '../run/events';
export type { ResultOf, RunnerOptions, RunOptions } from '../run/options';
export type { Plan, PlannedNode } from '../run/plan/plan';
export type { Run } from '../run/run-handle';
export { Runner } from '../run/runner';
export type { RunSummary } from '../run/summary';
export {
  DamagedCheckpointError,
  StorageError,
  UnencryptedCheckpointError,
  UnreadableCheckpointError,
} from '../storage/errors';
export type { CheckpointRecord } from '../storage/format/record';
export { LeaseLostError } from '../storage/leases/lease';
export type { StorageSource } from '../storage/open';
export type { StorageOptions } from '../storage/options';
export type { TaskStats } from '../storage/stats';
export { Storage } from '../storage/storage';
export { type Container, typediContainer } from '../task/container';
export type { TaskContext, TaskKey } from '../task/context';
export { TaskDirectory } from '../task/directory';
export { DeclarationError, ParamError } from '../task/errors';
export { fileFingerprint, folderFingerprint } from '../task/file-fingerprint';
export type { TaskOptions } from '../task/options';
export type { OutputOf, ParamsOf } from '../task/output';
export { Param } from '../task/param';
export { isTaskRef, TaskRef } from '../task/ref';
export { Requires } from '../task/requires';
export { Task, task } from '../task/task';
export type { TaskClass } from '../task/task-class';

startBundledWorker();
