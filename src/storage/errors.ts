import type { Advice } from '../base/describe-error';
import { TidemarkError } from '../base/error';
import { shareClass } from '../base/shared-state';
import type { TaskKey } from '../task/context';

/** What a storage was doing when it failed. */
export type StorageOperation = 'open' | 'read' | 'write' | 'delete' | 'list' | 'close';

/** What is known about a failure besides its message. */
interface StorageErrorDetails {
  readonly operation: StorageOperation;
  readonly key?: string | undefined;
  /** What the backend threw. */
  readonly cause?: unknown;
}

/** A storage could not do what it was asked to: its disk is full, its server is away, a key is not one. */
export class StorageError extends TidemarkError {
  static {
    shareClass(StorageError, 'StorageError');
  }

  readonly operation: StorageOperation;
  /** The entry it was about, when it was about one. */
  readonly key: string | undefined;

  constructor(message: string, { operation, key, cause }: StorageErrorDetails) {
    super(message, cause === undefined ? undefined : { cause });
    this.operation = operation;
    this.key = key;
  }
}

const phrases: Readonly<Record<StorageOperation, string>> = {
  open: 'open',
  read: 'read from',
  write: 'write to',
  delete: 'delete from',
  list: 'list',
  close: 'close',
};

/** Says what could not be done, where, and what to do about it. */
export function storageErrorWithAdvice(
  location: string,
  [reason, cure]: Advice,
  details: StorageErrorDetails,
  remark?: string,
): StorageError {
  const about = details.key === undefined ? '' : ` (${details.key})`;
  const message = `cannot ${phrases[details.operation]} ${location}${about}: ${reason}. ${cure} or choose another storage.${remark === undefined ? '' : ` ${remark}`}`;
  return new StorageError(message, details);
}

/** Says that a storage was opened to be read only. */
export function readonlyError(location: string, operation: 'write' | 'delete', key?: string): StorageError {
  const about = key === undefined ? '' : ` (${key})`;
  return new StorageError(
    `cannot ${phrases[operation]} ${location}${about}: it was opened read-only. Open it without readonly, or chain it with a storage that is written.`,
    { operation, key },
  );
}

/** A checkpoint is not what was saved: cut short, changed, mixed up. It is set aside and computed again. */
export class DamagedCheckpointError extends TidemarkError {
  static {
    shareClass(DamagedCheckpointError, 'DamagedCheckpointError');
  }

  readonly key: TaskKey;
  /** What is wrong, without the key. */
  readonly problem: string;

  constructor(key: TaskKey, problem: string, options?: ErrorOptions) {
    super(`the checkpoint ${key} is damaged: ${problem}`, options);
    this.key = key;
    this.problem = problem;
  }
}

/** A checkpoint was cleared, deleted or replaced between the read of its record and that of its bytes: no damage. */
export class GoneCheckpointError extends TidemarkError {
  static {
    shareClass(GoneCheckpointError, 'GoneCheckpointError');
  }

  readonly key: TaskKey;

  constructor(key: TaskKey) {
    super(`the checkpoint ${key} is not there any more: it was cleared or deleted while it was read`);
    this.key = key;
  }
}

/** A checkpoint is not encrypted where all are to be: anybody who can write to the storage can have put it there. It does not count. */
export class UnencryptedCheckpointError extends TidemarkError {
  static {
    shareClass(UnencryptedCheckpointError, 'UnencryptedCheckpointError');
  }

  readonly key: TaskKey;

  constructor(key: TaskKey, location: string) {
    super(
      `the checkpoint ${key} is not encrypted, and ${location} is opened with an encrypter: anybody who can write there can have put it there, so it does not count. Open the storage with { encryption: 'allow-plain' } to use what was saved without encryption`,
    );
    this.key = key;
  }
}

/** A checkpoint that may be good, but not for this process: another encoder, a newer format. It is left as it is. */
export class UnreadableCheckpointError extends TidemarkError {
  static {
    shareClass(UnreadableCheckpointError, 'UnreadableCheckpointError');
  }

  readonly key: TaskKey;

  constructor(key: TaskKey, problem: string, options?: ErrorOptions) {
    super(`the checkpoint ${key} cannot be read here: ${problem}`, options);
    this.key = key;
  }
}
