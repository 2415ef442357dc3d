import type { Advice } from '../base/describe-error';
import { TidemarkError } from '../base/error';
import { shareClass } from '../base/shared-state';
import type { TaskKey } from '../task/context';

/** The operation of a storage that failed. */
export type StorageOperation = 'open' | 'read' | 'write' | 'delete' | 'list' | 'close';

/** The details of a failure. */
interface StorageErrorDetails {
  readonly operation: StorageOperation;
  readonly key?: string | undefined;
  /** The error of the backend. */
  readonly cause?: unknown;
}

/** A storage operation failed: the disk is full, the server is away, a key is invalid. */
export class StorageError extends TidemarkError {
  static {
    shareClass(StorageError, 'StorageError');
  }

  readonly operation: StorageOperation;
  /** The key of the entry, if the operation was about one. */
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

/** An error that tells what failed, where, and the remedy. */
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

/** An error for a write to a storage that was opened read-only. */
export function readonlyError(location: string, operation: 'write' | 'delete', key?: string): StorageError {
  const about = key === undefined ? '' : ` (${key})`;
  return new StorageError(
    `cannot ${phrases[operation]} ${location}${about}: it was opened read-only. Open it without readonly, or chain it with a storage that is written.`,
    { operation, key },
  );
}

/** A checkpoint is not what was saved: it is cut short, changed or mixed up. It is set aside, and the result is computed again. */
export class DamagedCheckpointError extends TidemarkError {
  static {
    shareClass(DamagedCheckpointError, 'DamagedCheckpointError');
  }

  readonly key: TaskKey;
  /** The problem, without the key. */
  readonly problem: string;

  constructor(key: TaskKey, problem: string, options?: ErrorOptions) {
    super(`the checkpoint ${key} is damaged: ${problem}`, options);
    this.key = key;
    this.problem = problem;
  }
}

/** A checkpoint was cleared, deleted or replaced between the reads of its record and its blob. It is not damaged. */
export class GoneCheckpointError extends TidemarkError {
  static {
    shareClass(GoneCheckpointError, 'GoneCheckpointError');
  }

  readonly key: TaskKey;

  constructor(key: TaskKey) {
    super(`the checkpoint ${key} is gone: it was cleared or deleted while it was read`);
    this.key = key;
  }
}

/** A checkpoint is not encrypted in a storage that requires it: anyone who can write to the storage could have put it there. It does not count. */
export class UnencryptedCheckpointError extends TidemarkError {
  static {
    shareClass(UnencryptedCheckpointError, 'UnencryptedCheckpointError');
  }

  readonly key: TaskKey;

  constructor(key: TaskKey, location: string) {
    super(
      `the checkpoint ${key} is not encrypted, and ${location} was opened with an encrypter: anyone who can write there could have put it there, so it does not count. Open the storage with { encryption: 'allow-plain' } to use unencrypted results`,
    );
    this.key = key;
  }
}

/** A checkpoint that this process cannot read: it needs another encoder, or has a newer format. It is left unchanged. */
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
