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
  readonly operation: StorageOperation;
  /** The entry it was about, when it was about one. */
  readonly key: string | undefined;

  constructor(message: string, { operation, key, cause }: StorageErrorDetails) {
    super(message, cause === undefined ? undefined : { cause });
    this.operation = operation;
    this.key = key;
  }
}
