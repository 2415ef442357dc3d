import type { Awaitable } from '../../../base/awaitable';
import type { Encryption } from '../../../encoding/encoder';
import type { StoredCheckpoint } from '../../../storage/format/stored-checkpoint';
import { Attachments } from '../../remote/attachments';
import { writeFailure } from '../../remote/failure';
import { type BatchData, type BatchedJob, type JobAnswer, type JobData, jobContext } from '../protocol/job-data';
import { encodePayload, type Payload, type PayloadContext } from '../protocol/payload';
import type { AcquiredJob } from './worker-queue';

/** Reason why a worker stops a job before its end. */
type StopReason =
  /** The driver cancelled it. */
  | 'aborted'
  /** Another worker has it. */
  | 'lost'
  /** This worker is to stop. */
  | 'handed back';

/** A job that this worker runs. */
export class ActiveJob {
  readonly acquired: AcquiredJob;
  /** Whether the result is saved, and so is useful even if nobody waits for it. */
  readonly isSaved: boolean;
  stopReason: StopReason | undefined;
  /** Redis has lost the job; its result may be requested all the same. */
  isForgotten = false;
  /** Its answer is on its way. */
  isAnswered = false;
  readonly #abort = new AbortController();

  constructor(taken: AcquiredJob) {
    this.acquired = taken;
    this.isSaved = taken.data.isSaved;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  stop(ending: StopReason, reason: unknown): void {
    if (this.stopReason || this.isAnswered) return;
    this.stopReason = ending;
    this.#abort.abort(reason);
  }
}

/** A task to run: a job that was taken, or one of the batch that was. */
export interface JobToRun {
  readonly id: string;
  /** As tasks name it. */
  readonly queue: string;
  /** The encoded job. */
  readonly payload: Payload;
  /** Where that belongs. */
  readonly context: PayloadContext;
  /** Key of the result, from the unencrypted header. */
  readonly key: string | undefined;
  /** For which run. */
  readonly run: string | undefined;
  /** Whether an earlier worker of this job was lost. */
  readonly wasLost: boolean;
  /** Sends messages of the task to the driver. */
  report(said: Payload): Promise<void>;
}

export function jobToRun(taken: AcquiredJob): JobToRun {
  const { queue, job, id } = taken;
  const data = taken.data as JobData;
  return {
    id,
    queue: queue.name,
    payload: data,
    context: jobContext(queue.name, id, data),
    key: data.key,
    run: data.run,
    wasLost: job.stalledCounter > 0,
    report: (said) => queue.report(taken, said),
  };
}

export function batchedJobToRun(taken: AcquiredJob, bundled: BatchedJob): JobToRun {
  const { queue } = taken;
  const { id, key } = bundled;
  const { task, version, run, isSaved } = taken.data as BatchData;
  return {
    id,
    queue: queue.name,
    payload: bundled,
    context: jobContext(queue.name, id, { task, version, run, isSaved, key }),
    key,
    run,
    wasLost: false,
    report: (said) => queue.report(taken, { of: id, said }),
  };
}

type WithoutWorker<A> = A extends unknown ? Omit<A, 'worker' | 'output' | 'bytes' | 'took'> : never;

/** Outcome of an attempt at a job, and the task's output. */
export interface JobOutcome {
  readonly answer: WithoutWorker<JobAnswer>;
  readonly bytes?: JobAnswer['bytes'];
  readonly output?: string;
  /** How long it took, in milliseconds. */
  readonly took?: number;
}

/** It failed by this. */
export function failedOutcome(error: unknown): JobOutcome {
  const outbox = new Attachments();
  return { answer: { type: 'failed', failure: writeFailure(error, outbox) }, bytes: outbox.bytes };
}

/** Its result was saved already. */
export function savedOutcome({ key, digest, size, seconds, holdsRefs }: StoredCheckpoint): JobOutcome {
  const where = { key, digest, size, seconds, holdsRefs, isSaved: true, isOutdated: false };
  return { answer: { type: 'stored', ...where, wasThere: true, inline: undefined } };
}

/** Encodes an answer. A refusal contains no secret, and is not encrypted, so that a driver without the key can read it. */
export function encodeAnswer(
  answer: JobAnswer,
  encryption: Encryption | null,
  queue: string,
  id: string,
): Awaitable<Payload> {
  return encodePayload(answer, answer.type === 'refused' ? null : encryption, { kind: 'answer', queue, id });
}
