import { brandClass, isOfOtherCopy } from '../../base/shared-state';
import type { TaskKey } from '../../task/context';

/** What a `StoredResult` is made of. */
export interface StoredResultParts {
  /** Where it lies in the storage: under the task's key, or a name of its own. */
  readonly key: TaskKey;
  readonly digest: string;
  /** How many bytes are kept. */
  readonly size: number;
  /** How long the task ran. */
  readonly seconds: number;
  /** Whether there are task refs in it. */
  readonly holdsRefs: boolean;
  /** Whether it is a checkpoint, which is kept; otherwise it is removed when nobody needs it any more. */
  readonly isSaved: boolean;
  /** Whether it was saved already, and nothing ran. */
  readonly wasThere: boolean;
  /** Whether it is not saved since what it is made of changed meanwhile: the task's `fingerprint()` is another one. */
  readonly isOutdated: boolean;
  /** Reads and decodes it. */
  readonly fetch: () => Promise<unknown>;
  /** Removes it. */
  readonly remove: () => void;
}

/** A result that a worker left in the storage; loaded only when somebody here needs the value. */
export class StoredResult {
  static {
    brandClass(StoredResult, 'StoredResult');
  }

  readonly key: TaskKey;
  readonly digest: string;
  readonly size: number;
  readonly seconds: number;
  readonly holdsRefs: boolean;
  readonly isSaved: boolean;
  readonly wasThere: boolean;
  readonly isOutdated: boolean;
  /** Whether several executions of a run have it, none of which knows when the others are done with it. */
  isShared = false;
  readonly #fetch: () => Promise<unknown>;
  readonly #remove: () => void;
  #loading: Promise<unknown> | undefined;
  #loaded: { readonly value: unknown } | undefined;
  #isDiscarded = false;

  constructor(parts: StoredResultParts) {
    this.key = parts.key;
    this.digest = parts.digest;
    this.size = parts.size;
    this.seconds = parts.seconds;
    this.holdsRefs = parts.holdsRefs;
    this.isSaved = parts.isSaved;
    this.wasThere = parts.wasThere;
    this.isOutdated = parts.isOutdated;
    this.#fetch = parts.fetch;
    this.#remove = parts.remove;
  }

  get isLoaded(): boolean {
    return this.#loaded !== undefined;
  }

  /** The value, once it is loaded. */
  get value(): unknown {
    return this.#loaded?.value;
  }

  /** The value, read and decoded once. @throws {StorageError | DamagedCheckpointError} when it is not there any more */
  load(): Promise<unknown> {
    this.#loading ??= this.#fetch().then((value) => {
      this.#loaded = { value };
      return value;
    });
    return this.#loading;
  }

  /** Nobody needs it any more: it is removed, unless it is a checkpoint. */
  discard(): void {
    if (this.isSaved || this.isShared || this.#isDiscarded) return;
    this.#isDiscarded = true;
    this.#remove();
  }
}

/** Whether a value is one, of any copy of this package. */
export function isStoredResult(value: unknown): value is StoredResult {
  return value instanceof StoredResult || isOfOtherCopy(StoredResult, value);
}
