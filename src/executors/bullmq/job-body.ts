import { isInstance } from '../../base/describe-error';
import type { Bytes } from '../../encoding/encoder';
import { UnsupportedValueError } from '../../encoding/unsupported-value-error';
import type { GraphNode } from '../../graph/node';
import { toStored } from '../../graph/stored-ref';
import { firstSecret } from '../../graph/stored-secret';
import type { TaskKey } from '../../task/context';
import { TaskDirectory } from '../../task/directory';
import type { Job } from '../executor';
import { jobMessage } from '../pool/job-message';
import type { JobMessage, SentValue } from '../pool/messages';
import type { Outbox } from '../pool/outbox';
import { encryptJobs, type Place, type Sealed, seal } from './envelope';
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
  place: Place,
  run: RunPieces,
  missing: ReadonlySet<TaskKey> = new Set(),
): Promise<JobBody> {
  const { node, shared, requirements } = job;
  const { task } = node;
  const encryption = encryptionFor(shared?.layers, task.options.encoder);
  if (!encryption) refuseSecrets(node);
  const { message, outbox } = await jobMessage(job, new JobPieces(run, job, missing));
  const { bytes } = outbox;
  const directories = requirements.filter((value) => value instanceof TaskDirectory).map(({ path }) => path);
  const content: JobContent = {
    message: { ...message, fingerprint: shared?.fingerprint },
    bytes,
    keyInputs: shared?.keyInputs(),
    ...givenParams(node, outbox),
    source: task.source,
    // The record of a directory is made where the directory is.
    facts: task.hasDirectory ? undefined : shared?.facts,
    isForced: shared?.isForced ?? true,
    directories,
    inlineBytes: run.inlineBytes,
    mayPass: shared !== undefined && !task.hasDirectory,
  };
  const sealed = await seal(content, encryption, place);
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

/** What the params were made of, where that is something else: a worker checks them by that. */
function givenParams(
  { params, given, carriesRefs }: GraphNode,
  outbox: Outbox,
): Pick<JobContent, 'given' | 'notGiven' | 'noData'> {
  const notGiven: string[] = [];
  const noData: string[] = [];
  const own: [string, SentValue][] = [];
  if (given === params) return { given: own, notGiven, noData };
  for (const name of new Set([...Object.keys(params), ...Object.keys(given)])) {
    const value = given[name];
    if (value !== undefined && value === params[name]) continue;
    if (value === undefined) {
      notGiven.push(name);
      continue;
    }
    const sent = dataOf(carriesRefs ? toStored(value) : value, outbox);
    if (sent) own.push([name, sent]);
    else noData.push(name);
  }
  return { given: own, notGiven, noData };
}

/** Undefined for values that are not data, which a schema may take. */
function dataOf(value: unknown, outbox: Outbox): SentValue | undefined {
  try {
    return outbox.data(value, 'given');
  } catch (error) {
    if (isInstance(error, UnsupportedValueError)) return undefined;
    throw error;
  }
}

function sizeOf({ params }: JobMessage, bytes: readonly Bytes[]): number {
  let size = 0;
  for (const { byteLength } of bytes) size += byteLength;
  for (const [, param] of params) if ('plain' in param && typeof param.plain === 'string') size += param.plain.length;
  return size;
}
