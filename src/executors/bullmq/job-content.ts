import type { Bytes } from '../../encoding/encoder';
import type { KeyInputs } from '../../graph/key';
import type { RunFacts } from '../../storage/layer';
import type { TaskKey } from '../../task/context';
import type { DoneMessage, JobMessage, SentBytes, SentFailure, SentPiece, SentValue } from '../pool/messages';
import type { StoredResultParts } from '../stored-result';
import type { Place, Sealed } from './envelope';

/** What is said of a job in clear: for people as well. */
export interface JobHead {
  readonly task: string;
  readonly version?: string | number | undefined;
  readonly key?: string | undefined;
  /** The run that added it. */
  readonly run?: string | undefined;
  /** Whether its result is kept, so that it is of use although nobody waits for it any more. */
  readonly isSaved: boolean;
}

/** What BullMQ keeps of a job, as JSON. What is sealed is for workers alone. */
export type JobData = Sealed & JobHead;

/** Where the content of a job belongs. */
export function jobPlace(queue: string, id: string, { task, version, key, run, isSaved }: JobHead): Place {
  return { kind: 'job', queue, id, beside: [task, version ?? null, key ?? null, run ?? null, isSaved] };
}

/** A required result that lies in the storage, in place of its bytes. */
export interface StoredPiece extends SentPiece {
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
  readonly facts: Omit<RunFacts, 'seconds'> | undefined;
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
export function isDone({ type }: JobAnswer): boolean {
  return type === 'stored' || type === 'sent';
}

/** What a task says while it runs. */
export type Said =
  | { readonly type: 'progress'; readonly said: readonly [number, (number | string)?, string?] }
  | { readonly type: 'log'; readonly message: string }
  | { readonly type: 'assigned'; readonly worker: string; readonly pid: number | undefined };

/** The same, as it is sent. */
export interface AllSaid {
  readonly all: readonly Said[];
}
