import type { Awaitable } from '../../base/awaitable';
import { isResultHandle, ResultHandle, type StoredLocation } from './result-handle';

interface StoredResultParts extends StoredLocation {
  readonly holdsRefs: boolean;
  /** Reads and decodes the result. */
  readonly fetch: () => Promise<unknown>;
  /** Removes the result from the storage. */
  readonly remove: () => void;
}

/** A result that a worker left in the storage; read only when this process needs the value. */
export class StoredResult extends ResultHandle {
  override readonly stored: StoredLocation;
  readonly holdsRefs: boolean;
  readonly #fetch: () => Promise<unknown>;
  readonly #remove: () => void;
  #isDiscarded = false;

  constructor({ holdsRefs, fetch, remove, ...stored }: StoredResultParts) {
    super();
    this.stored = stored;
    this.holdsRefs = holdsRefs;
    this.#fetch = fetch;
    this.#remove = remove;
  }

  /** Removes a temporary entry that nobody needs any more. Checkpoints are kept. */
  override discard(): void {
    if (this.stored.isSaved || this.isShared || this.#isDiscarded) return;
    this.#isDiscarded = true;
    this.#remove();
  }

  protected fetch(): Awaitable<unknown> {
    return this.#fetch();
  }
}

/** Whether a value is the handle of a result in the storage, of any copy of this package. */
export function isStoredResult(value: unknown): value is ResultHandle & { readonly stored: StoredLocation } {
  return isResultHandle(value) && value.stored !== undefined;
}
