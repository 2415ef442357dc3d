import type { Bytes } from '../../encoding/encoder';
import type { GraphNode } from '../../graph/node';
import { firstSecret } from '../../graph/stored-secret';
import type { TaskKey } from '../../task/context';
import { TaskDirectory } from '../../task/directory';
import type { Job } from '../executor';
import { jobMessage } from '../pool/job-message';
import type { JobMessage } from '../pool/messages';
import { encryptJobs, type Sealed, seal } from './envelope';
import type { JobContent } from './job-content';
import { JobPieces, type RunPieces } from './job-pieces';
import { QueueError } from './queue-error';
import { encryptionFor } from './shared-layer';

/** What a job says, and how many bytes that is, nearly. */
export interface JobBody {
  readonly sealed: Sealed;
  readonly size: number;
}

/**
 * A job as it is kept in Redis.
 *
 * @param missing what a worker did not find in the storage
 * @throws {CannotSendError} when a param or a requirement is not data
 * @throws {QueueError} when it contains a secret and jobs are not encrypted
 */
export async function jobBody(
  job: Job,
  jobId: string,
  run: RunPieces,
  missing: ReadonlySet<TaskKey> = new Set(),
): Promise<JobBody> {
  const { node, shared, requirements } = job;
  const { task } = node;
  const encryption = encryptionFor(shared?.layers, task.options.encoder);
  if (!encryption) refuseSecrets(node);
  const { message, bytes } = await jobMessage(job, new JobPieces(run, job, missing));
  const directories = requirements.filter((value) => value instanceof TaskDirectory).map(({ path }) => path);
  const content: JobContent = {
    message: { ...message, fingerprint: shared?.fingerprint },
    bytes,
    source: task.source,
    // The record of a directory is made where the directory is.
    facts: task.hasDirectory ? undefined : shared?.facts,
    isForced: shared?.isForced ?? true,
    directories,
    inlineBytes: run.inlineBytes,
    mayPass: shared !== undefined && !task.hasDirectory,
  };
  const sealed = await seal(content, encryption, jobId);
  return { sealed, size: sizeOf(message, bytes) };
}

/** @throws {QueueError} */
function refuseSecrets({ task, params, carriesRefs }: GraphNode): void {
  if (task.secrets.size === 0 && !carriesRefs) return;
  const secret = firstSecret(task, params);
  if (secret !== undefined)
    throw new QueueError(
      `the job of ${task.name} would store a secret in Redis in the clear: the param ${secret}. ${encryptJobs}`,
      { mayRetry: false },
    );
}

function sizeOf({ params }: JobMessage, bytes: readonly Bytes[]): number {
  let size = 0;
  for (const { byteLength } of bytes) size += byteLength;
  for (const [, param] of params) if ('plain' in param && typeof param.plain === 'string') size += param.plain.length;
  return size;
}
