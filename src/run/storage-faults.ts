import type { Awaitable } from '../awaitable';
import { describeError, explainError, isInstance } from '../base/describe-error';
import type { Keys } from '../graph/key';
import { DamagedCheckpointError, GoneCheckpointError } from '../storage/checkpoint-error';
import type { Layer } from '../storage/layer';
import { DeclarationError } from '../task/declaration-error';
import type { Reporter } from './reporter';
import type { RunState } from './run-state';

/** What is known of a run's warnings by all of its executions. */
export interface Warned {
  ofStorage: boolean;
  /** How many damaged checkpoints were found. */
  damaged: number;
  readonly sources: Set<string>;
}

/** A storage that is damaged all over is told of once more, and then no more. */
const mostDamageWarnings = 10;

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
    const { reporter, onStorageError, state } = this.#options;
    reporter.storageFailed(index, error);
    // Not the storage, but how a task makes its keys.
    if (isInstance(error, DeclarationError)) return void state.endBy(error);
    if (index !== undefined && layer && isInstance(error, DamagedCheckpointError))
      return this.#setAside(index, error, layer);
    if (index !== undefined) this.untouchable.add(index);
    if (onStorageError === 'compute') this.#warn(index, error);
    else state.endBy(error);
    return undefined;
  }

  /** A damaged checkpoint counts no more: the task runs again, and saves it anew. */
  async #setAside(index: number, damage: DamagedCheckpointError, layer: Layer): Promise<void> {
    const { keys, reporter, warned } = this.#options;
    const problem = describeError(damage);
    try {
      await layer.setAside(keys.of(index));
      // Another process deleted it, or writes it anew: there is nothing to look at.
      if (isInstance(damage, GoneCheckpointError)) return;
      warned.damaged++;
      if (warned.damaged <= mostDamageWarnings)
        reporter.warn(index, `${problem}. It was set aside (@damaged/${keys.of(index)}) and is not used`);
      else if (warned.damaged === mostDamageWarnings + 1)
        reporter.warn(index, 'more checkpoints are damaged and were set aside; the summary of the run has all of them');
    } catch (failure) {
      reporter.storageFailed(index, failure);
      reporter.warn(index, `${problem}. It is not used, but could not be set aside: ${explainError(failure)}`);
    }
  }

  /** Once a run: a storage that is away fails for every result. */
  #warn(index: number | undefined, error: unknown): void {
    const { warned, reporter } = this.#options;
    if (warned.ofStorage) return;
    warned.ofStorage = true;
    reporter.warn(
      index,
      `${explainError(error).replace(/\.$/, '')}. What cannot be loaded is computed, and not saved; the summary of the run has all that went wrong with the storage`,
    );
  }
}
