import type { Bytes } from '../../../encoding/encoder';
import type { KeyInputs } from '../../../graph/key';
import type { RecordFields } from '../../../storage/write-checkpoint';
import type { TaskKey } from '../../../task/context';
import type { DoneMessage, JobMessage, SentBytes, SentFailure, SentInput, SentValue } from '../../remote/messages';
import type { StoredResultParts } from '../../remote/stored-result';
import type { Payload, PayloadContext } from './payload';

/** What is said of a job in clear: for people as well. */
export interface JobHeader {
  readonly task: string;
  readonly version?: string | number | undefined;
  readonly key?: string | undefined;
  /** The run that added it. */
  readonly run?: string | undefined;
  /** Whether its result is kept, so that it is of use although nobody waits for it any more. */
  readonly isSaved: boolean;
}

/** What BullMQ keeps of a job, as JSON. What is sealed is for workers alone. */
export type JobData = Payload & JobHeader;

/** Where the content of a job belongs. */
export function jobContext(queue: string, id: string, { task, version, key, run, isSaved }: JobHeader): PayloadContext {
  return { kind: 'job', queue, id, header: [task, version ?? null, key ?? null, run ?? null, isSaved] };
}

/** A required result that lies in the storage, in place of its bytes. */
export interface StoredInput extends SentInput {
  readonly stored: { readonly key: TaskKey; readonly digest: string };
}

/** What the body of a job says. */
export interface JobContent {
  /** Of its pieces, some are `StoredPiece`s, whose bytes are empty. */
  readonly message: JobMessage;
  readonly bytes: readonly Bytes[];
  /** What the key is made of besides task and params; undefined for a task without a runner. */
  readonly keyInputs: KeyInputs | undefined;
  /** What was given of params of which their schemas made something else. */
  readonly given: readonly (readonly [name: string, value: SentValue])[];
  /** Params that have defaults, or what their schemas put in, since nothing was given. */
  readonly notGiven: readonly string[];
  /** Params that were given as values other than data, which their schemas turned into data. */
  readonly noData: readonly string[];
  /** A hash of the source text of the task's class, as the driver has it. */
  readonly source: string;
  /** What the record of the result is to say; undefined when it is not saved. */
  readonly facts: Omit<RecordFields, 'seconds'> | undefined;
  readonly isForced: boolean;
  /** Folders that have to be there. */
  readonly directories: readonly string[];
  /** What is larger than this goes by way of the storage. */
  readonly inlineBytes: number;
  /** Whether the storage may be used to hand over a result that is not saved. */
  readonly mayPass: boolean;
}

/** Whose result it is, for those who asked. */
export interface StoredAnswer extends Omit<StoredResultParts, 'fetch' | 'remove'> {
  readonly type: 'stored';
  /** The result itself, when it is small. */
  readonly inline: SentBytes | undefined;
}

/** What became of a job. */
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
      /** Whether it cannot be read, so that nothing is known of it. */
      readonly isUnreadable?: boolean;
    }
  /** Somebody who asked for it did not want it any more; others may. */
  | { readonly type: 'aborted' }
);

/** Whether there is a result. */
export function hasResult({ type }: JobAnswer): boolean {
  return type === 'stored' || type === 'sent';
}

/** What a task says while it runs. */
export type JobUpdate =
  | { readonly type: 'progress'; readonly said: readonly [number, (number | string)?, string?] }
  | { readonly type: 'log'; readonly message: string }
  | { readonly type: 'assigned'; readonly worker: string; readonly pid: number | undefined };

/** The same, as it is sent. */
export interface JobUpdates {
  readonly all: readonly JobUpdate[];
}

type Common = Omit<JobHeader, 'key'>;

/** One of the jobs of a bundle: what differs between them. */
export type BatchedJob = Payload & { readonly id: string; readonly key?: string | undefined };

/** Several jobs of one task, as BullMQ keeps them: as one. */
export type BatchData = Common & { readonly jobs: readonly BatchedJob[] };

/** What became of one of them. Those of which nothing is said were not begun. */
export interface BatchedAnswer {
  readonly id: string;
  readonly isFailed: boolean;
  readonly sealed: Payload;
}

/** What a worker says of a bundle while it has it. */
export type BatchUpdate =
  /** What one of the tasks said, by the id of its job. */
  | { readonly of: string; readonly said: Payload }
  /** One takes long: nothing else of the bundle will be begun. Those that are over have their answers there already. */
  | BatchOutcome;

/** What a worker says of a bundle that is over, or as good as over. */
export interface BatchOutcome {
  /** Where the answers are. */
  readonly answers: string;
  /** The id of the job that still runs. */
  readonly running?: string | undefined;
}

export function isBatch(data: JobHeader | BatchData): data is BatchData {
  return 'jobs' in data;
}
