import { type Awaitable, andThen } from '../../base/awaitable';
import { brandClass, isOfOtherCopy } from '../../base/shared-state';
import type { SerializedValue } from '../../storage/result-codec';
import type { TaskKey } from '../../task/context';

/** A result that a worker left in the storage. */
export interface StoredLocation {
  /** The task's key, or the key of a temporary entry. */
  readonly key: TaskKey;
  readonly digest: string;
  /** Size in the storage, in bytes. */
  readonly size: number;
  /** Run time of the task. */
  readonly seconds: number;
  /** Whether it is a checkpoint, which is kept. A temporary entry is removed once nobody needs it. */
  readonly isSaved: boolean;
  /** Whether it was saved before, and the task did not run. */
  readonly wasThere: boolean;
  /** Whether it is not saved because its inputs changed during the run: the task's `fingerprint()` is a different one. */
  readonly isOutdated: boolean;
}

/** A result that a worker computed, decoded only when this process needs the value. */
export abstract class ResultHandle {
  static {
    brandClass(ResultHandle, 'ResultHandle');
  }

  /** Whether the result contains task refs, in stored form until it is loaded. */
  abstract readonly holdsRefs: boolean;
  /** The encoded result, when it came with the answer. */
  readonly encoding: SerializedValue | undefined = undefined;
  /** The location of the result, when it is in the storage. */
  readonly stored: StoredLocation | undefined = undefined;
  /** Reason why the result must not be saved: it contains a secret. */
  readonly unsaved: string | undefined = undefined;
  /** Whether several executions of a run hold it, and none knows when the others release it. */
  isShared = false;
  #loading: Awaitable<unknown>;
  #loaded: { readonly value: unknown } | undefined;

  get isLoaded(): boolean {
    return this.#loaded !== undefined;
  }

  /** The value; undefined until it is loaded. */
  get loaded(): unknown {
    return this.#loaded?.value;
  }

  /** Reads and decodes the value, once. @throws {StorageError | DamagedCheckpointError} when it is no longer in the storage */
  load(): Awaitable<unknown> {
    if (this.#loaded) return this.#loaded.value;
    this.#loading ??= andThen(this.fetch(), (value) => {
      this.#loaded = { value };
      return value;
    });
    return this.#loading;
  }

  /** Releases what is held for this result alone. */
  discard(): void {}

  protected abstract fetch(): Awaitable<unknown>;
}

/** Whether a value is a handle, of any copy of this package. */
export function isResultHandle(value: unknown): value is ResultHandle {
  return value instanceof ResultHandle || isOfOtherCopy(ResultHandle, value);
}

/** The value of a result: a handle has to be loaded. */
export function loadedValue(result: unknown): unknown {
  return isResultHandle(result) ? result.loaded : result;
}
