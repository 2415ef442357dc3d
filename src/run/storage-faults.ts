import type { Awaitable } from '../awaitable';
import { describeError, isInstance } from '../base/describe-error';
import type { Keys } from '../graph/key';
import { DamagedCheckpointError } from '../storage/checkpoint-error';
import type { Layer } from '../storage/layer';
import type { Reporter } from './reporter';
import type { RunState } from './run-state';

/** What is known of a run's warnings by all of its executions. */
export interface Warned {
  ofStorage: boolean;
  readonly sources: Set<string>;
}

/** What a failing storage does to a run: it is reported, and by the options ends it or is worked around. */
export class StorageFaults {
  /** Nodes whose checkpoint cannot be read and must not be overwritten. */
  readonly untouchable = new Set<number>();
  readonly #options: {
    readonly keys: Keys;
    readonly reporter: Reporter;
    readonly state: RunState;
    readonly warned: Warned;
    readonly onStorageError: 'fail' | 'compute';
  };

  constructor(options: {
    keys: Keys;
    reporter: Reporter;
    state: RunState;
    warned: Warned;
    onStorageError: 'fail' | 'compute';
  }) {
    this.#options = options;
  }

  /** Reports what is wrong with a checkpoint, which is set aside when it is damaged, or with its storage. */
  take(index: number | undefined, error: unknown, layer?: Layer): Awaitable<void> {
    const { keys, reporter, onStorageError, state } = this.#options;
    reporter.storageFailed(index, error);
    if (index !== undefined && layer && isInstance(error, DamagedCheckpointError))
      return layer.setAside(keys.of(index)).catch((failure) => reporter.storageFailed(index, failure));
    if (index !== undefined) this.untouchable.add(index);
    if (onStorageError === 'compute') this.#warn(index, error);
    else state.endBy(error);
    return undefined;
  }

  /** Once a run: a storage that is away fails for every result. */
  #warn(index: number | undefined, error: unknown): void {
    const { warned, reporter } = this.#options;
    if (warned.ofStorage) return;
    warned.ofStorage = true;
    reporter.warn(
      index,
      `${describeError(error).replace(/\.$/, '')}. What cannot be loaded is computed, and not saved; the summary of the run has all that went wrong with the storage`,
    );
  }
}
