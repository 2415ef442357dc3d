import { shareClass } from '../base/shared-state';
import { TidemarkError } from '../error';

/** What a storage was doing when it failed. */
export type StorageOperation = 'open' | 'read' | 'write' | 'delete' | 'list' | 'close';

/** What is known about a failure besides its message. */
export interface StorageErrorDetails {
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

/** Why something failed, and what to do about it; the second is the beginning of a sentence. */
export type Advice = readonly [reason: string, cure: string];

const phrases: Readonly<Record<StorageOperation, string>> = {
  open: 'open',
  read: 'read from',
  write: 'write to',
  delete: 'delete from',
  list: 'list',
  close: 'close',
};

/** Says what could not be done, where, and what to do about it. */
export function adviseOn(
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
