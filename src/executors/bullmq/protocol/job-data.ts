import type { Bytes } from '../../../encoding/encoder';
import type { KeyInputs } from '../../../graph/key';
import type { RecordFields } from '../../../storage/write-checkpoint';
import type { TaskKey } from '../../../task/context';
import type { DoneMessage, JobMessage, SentBytes, SentFailure, SentInput, SentValue } from '../../remote/messages';
import type { StoredLocation } from '../../remote/result-handle';
import type { Payload, PayloadContext } from './payload';

/** The unencrypted part of a job, also for people. */
export interface JobHeader {
  readonly task: string;
  readonly version?: string | number | undefined;
  readonly key?: string | undefined;
  /** The run that added it. */
  readonly run?: string | undefined;
  /** Whether the result is saved, and so is useful even if nobody waits for it. */
  readonly isSaved: boolean;
}

/** Data of a job in BullMQ, as JSON. The payload is for workers only. */
export type JobData = Payload & JobHeader;

/** Where the content of a job belongs. */
export function jobContext(queue: string, id: string, { task, version, key, run, isSaved }: JobHeader): PayloadContext {
  return { kind: 'job', queue, id, header: [task, version ?? null, key ?? null, run ?? null, isSaved] };
}

/** Reference to a required result in the storage, in place of its bytes. */
export interface StoredInput extends SentInput {
  readonly stored: { readonly key: TaskKey; readonly digest: string };
}

/** Content of a job. */
export interface JobContent {
  /** Of its pieces, some are `StoredPiece`s, whose bytes are empty. */
  readonly message: JobMessage;
  readonly bytes: readonly Bytes[];
  /** Parts of the key besides task and params; undefined for a task without a runner. */
  readonly keyInputs: KeyInputs | undefined;
  /** Given values of params that their schemas transformed. */
  readonly given: readonly (readonly [name: string, value: SentValue])[];
  /** Params that have defaults, or what their schemas put in, since nothing was given. */
  readonly notGiven: readonly string[];
  /** Params that were given as values other than data, which their schemas turned into data. */
  readonly noData: readonly string[];
  /** A hash of the source text of the task's class, as the driver has it. */
  readonly source: string;
  /** Fields for the record of the result; undefined when it is not saved. */
  readonly facts: Omit<RecordFields, 'seconds'> | undefined;
  readonly isForced: boolean;
  /** Folders that have to be there. */
  readonly directories: readonly string[];
  /** Larger values go through the storage. */
  readonly inlineBytes: number;
  /** Whether an unsaved result may go through the storage. */
  readonly mayPass: boolean;
}

/** Answer with a result in the storage. */
export interface StoredAnswer extends StoredLocation {
  readonly type: 'stored';
  /** Whether the result contains task refs. */
  readonly holdsRefs: boolean;
  /** The result itself, when it is small. */
  readonly inline: SentBytes | undefined;
}

/** Outcome of a job. */
export type JobAnswer = {
  readonly bytes: readonly Bytes[];
  readonly worker: string;
  readonly output: string;
  /** How long it kept the worker busy, in milliseconds; undefined when the task did not run. */
  readonly took?: number | undefined;
} & (
  | StoredAnswer
  /** The result itself, as pools send it. */
  | { readonly type: 'sent'; readonly message: DoneMessage }
  /** The task failed. */
  | { readonly type: 'failed'; readonly failure: SentFailure }
  /** Required results were not in the storage. */
  | { readonly type: 'missing'; readonly keys: readonly TaskKey[]; readonly location: string }
  /** The workers that ran it were lost, one after the other. */
  | {
      readonly type: 'lost';
      readonly times: number;
      /** In milliseconds. */
      readonly lockDuration: number;
      /** Their names, as far as they are known. */
      readonly workers: readonly string[];
    }
  /** No worker can run it. */
  | {
      readonly type: 'refused';
      readonly message: string;
      /** Whether the job was unreadable. */
      readonly isUnreadable?: boolean;
    }
  /** One of the runs that share the job cancelled it; others may still need it. */
  | { readonly type: 'aborted' }
);

/** Whether an answer has a result. */
export function hasResult({ type }: JobAnswer): boolean {
  return type === 'stored' || type === 'sent';
}

/** Progress and log messages of a running task, and its worker. */
export type JobUpdate =
  | { readonly type: 'progress'; readonly said: readonly [number, (number | string)?, string?] }
  | { readonly type: 'log'; readonly message: string }
  | { readonly type: 'assigned'; readonly worker: string; readonly pid: number | undefined };

/** The same, as it is sent. */
export interface JobUpdates {
  readonly all: readonly JobUpdate[];
}

type Common = Omit<JobHeader, 'key'>;

/** One of the jobs of a batch: what differs between them. */
export type BatchedJob = Payload & { readonly id: string; readonly key?: string | undefined };

/** Several jobs of one task, as BullMQ keeps them: as one. */
export type BatchData = Common & { readonly jobs: readonly BatchedJob[] };

/** Outcome of one job of a batch. Jobs without an outcome were not started. */
export interface BatchedAnswer {
  readonly id: string;
  readonly isFailed: boolean;
  readonly sealed: Payload;
}

/** Progress of a batch. */
export type BatchUpdate =
  /** A message of one of the tasks, by the id of its job. */
  | { readonly of: string; readonly said: Payload }
  /** One takes long: nothing else of the batch will be begun. Those that are over have their answers there already. */
  | BatchOutcome;

/** End of a batch: no more of its jobs will be started. */
export interface BatchOutcome {
  /** Where the answers are. */
  readonly answers: string;
  /** The id of the job that still runs. */
  readonly running?: string | undefined;
}

export function isBatch(data: JobHeader | BatchData): data is BatchData {
  return 'jobs' in data;
}
