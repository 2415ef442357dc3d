import { hash } from 'node:crypto';
import { isInstance } from '../../../base/describe-error';
import { jsonText } from '../../../base/json-text';
import type { Bytes } from '../../../encoding/encoder';
import { UnsupportedValueError } from '../../../encoding/errors';
import type { GraphNode } from '../../../graph/node';
import { firstSecret, storeRefs } from '../../../graph/stored-ref';
import { clearMarksIn } from '../../../storage/marks/epochs';
import type { TaskKey } from '../../../task/context';
import { TaskDirectory } from '../../../task/directory';
import type { Job } from '../../executor';
import type { Attachments } from '../../remote/attachments';
import { jobMessage } from '../../remote/job-message';
import type { JobMessage, SentValue } from '../../remote/messages';
import type { JobContent } from '../protocol/job-data';
import { encodePayload, encryptJobs, type Payload, type PayloadContext } from '../protocol/payload';
import { encryptionFor } from '../protocol/shared-store';
import { QueueError } from '../queue-error';
import { JobInputs, type RunInputs } from './job-inputs';

let idCount = 0;

/**
 * Id of a job. When the result is saved, the id is its key, so that two runs that need the same share one
 * job; unless they would not get the same: what they had seen cleared, or what they give the task, differs.
 */
export function jobIdOf({ shared, context }: Job): string {
  const { attempt } = context;
  const { facts, isForced = true, runId = process.pid } = shared ?? {};
  if (!facts || isForced) return `${runId}.${Date.now().toString(36)}.${++idCount}.${attempt}`;
  const { key, requires } = facts;
  const marks = clearMarksIn(facts.marks);
  // An attempt is not to be answered with what another driver's earlier one comes to.
  const id = attempt === 1 ? key : `${key}~${attempt}`;
  if (marks.length === 0 && requires.length === 0) return id;
  const given = hash('sha256', jsonText([[...marks].sort(), requires]), 'hex');
  return `${id}~${given.slice(0, 16)}`;
}

/** Larger jobs are not batched, in bytes. */
const maxBatchedBytes = 16_384;

/** Whether a job may be batched. @param size of its content, in bytes */
export function mayBatch({ node, context, shared }: Job, size: number): boolean {
  const { task } = node;
  // A timeout runs from the start on a worker, which is not reported for batched jobs.
  if (size > maxBatchedBytes || context.attempt > 1 || task.options.timeout !== undefined || task.hasDirectory)
    return false;
  // A batched job is not shared with other runs: only a lease makes sure that it is computed once.
  return shared !== undefined && (shared.facts === undefined || shared.layers.leases !== undefined);
}

/** A job, encoded, and its approximate size in bytes. */
interface EncodedJob {
  readonly payload: Payload;
  readonly size: number;
}

/**
 * A job as it is kept in Redis.
 *
 * @param missing what a worker did not find in the storage
 * @throws {CannotSendError} when a param or a requirement is not data
 * @throws {QueueError} when it contains a secret and jobs are not encrypted
 */
export async function encodeJob(
  job: Job,
  place: PayloadContext,
  run: RunInputs,
  missing: ReadonlySet<TaskKey> = new Set(),
): Promise<EncodedJob> {
  const { node, shared, requirements } = job;
  const { task } = node;
  const encryption = encryptionFor(shared?.layers, task.options.encoder);
  if (!encryption) assertNoSecrets(node);
  const { message, attachments } = await jobMessage(job, new JobInputs(run, job, missing));
  const { bytes } = attachments;
  const directories = requirements.filter((value) => value instanceof TaskDirectory).map(({ path }) => path);
  const content: JobContent = {
    message: { ...message, fingerprint: shared?.fingerprint },
    bytes,
    keyInputs: shared?.keyInputs(),
    ...givenParams(node, attachments),
    source: task.source,
    // The record of a directory is made where the directory is.
    facts: task.hasDirectory ? undefined : shared?.facts,
    isForced: shared?.isForced ?? true,
    directories,
    inlineBytes: run.inlineBytes,
    mayPass: shared !== undefined && !task.hasDirectory,
  };
  const sealed = await encodePayload(content, encryption, place);
  return { payload: sealed, size: sizeOf(message, bytes) };
}

/** @throws {QueueError} */
function assertNoSecrets({ task, params, paramsHaveRefs }: GraphNode): void {
  if (task.secrets.size === 0 && !paramsHaveRefs) return;
  const secret = firstSecret(task, params);
  if (secret !== undefined)
    throw new QueueError(
      `the job of ${task.name} would store a secret in Redis in the clear: the param ${secret}. ${encryptJobs}`,
      { mayRetry: false },
    );
}

/** The params as they were given, where they differ: the worker validates these. */
function givenParams(
  { params, givenParams: given, paramsHaveRefs }: GraphNode,
  outbox: Attachments,
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
    const sent = encodeIfData(paramsHaveRefs ? storeRefs(value) : value, outbox);
    if (sent) own.push([name, sent]);
    else noData.push(name);
  }
  return { given: own, notGiven, noData };
}

/** Undefined for values that are not data, which a schema may take. */
function encodeIfData(value: unknown, outbox: Attachments): SentValue | undefined {
  try {
    return outbox.encode(value, 'given');
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
