import type { Awaitable } from '../base/awaitable';
import { describeError, explainError, isInstance } from '../base/describe-error';
import type { CheckpointStore } from '../storage/checkpoint-store';
import { DamagedCheckpointError, GoneCheckpointError, UnencryptedCheckpointError } from '../storage/errors';
import { quarantine } from '../storage/maintain-store';
import { DeclarationError } from '../task/errors';
import type { NodeStates } from './node-states';
import type { RunContext, RunGraph } from './run-context';

/** A storage that is damaged all over is told of once more, and then no more. */
const mostDamageWarnings = 10;

/** What a failing storage does to a run: it is reported, and by the options ends it or is worked around. */
export class StorageErrorPolicy {
  readonly #run: Pick<RunContext, 'state' | 'warned' | 'onStorageError'>;
  readonly #graph: RunGraph;
  readonly #states: NodeStates;

  constructor(run: Pick<RunContext, 'state' | 'warned' | 'onStorageError'>, graph: RunGraph, states: NodeStates) {
    this.#run = run;
    this.#graph = graph;
    this.#states = states;
  }

  /** Reports what is wrong with a checkpoint, which is set aside when it is damaged, or with its storage. */
  handle(index: number | undefined, error: unknown, layer?: CheckpointStore): Awaitable<void> {
    const { onStorageError, state } = this.#run;
    const { reporter } = this.#graph;
    // It was cleared or deleted while it was read: the task runs, as it does where there is no checkpoint.
    if (index !== undefined && isInstance(error, GoneCheckpointError)) return undefined;
    reporter.storageFailed(index, error);
    // Not the storage, but how a task makes its keys.
    if (isInstance(error, DeclarationError)) return void state.endBy(error);
    if (index !== undefined && layer && isInstance(error, DamagedCheckpointError))
      return this.#quarantine(index, error, layer);
    // It counts as none: the task runs, and what it saves takes the place of it.
    if (index !== undefined && isInstance(error, UnencryptedCheckpointError)) return this.#warnOfPlain(index, error);
    if (index !== undefined) this.#states.facts.protect(index);
    if (onStorageError === 'compute') this.#warn(index, error);
    else state.endBy(error);
    return undefined;
  }

  /** A damaged checkpoint counts no more: the task runs again, and saves it anew. */
  async #quarantine(index: number, damage: DamagedCheckpointError, layer: CheckpointStore): Promise<void> {
    const { warned } = this.#run;
    const { keys, reporter } = this.#graph;
    const problem = describeError(damage);
    if (layer.isReadonly) {
      warned.damaged++;
      return reporter.warn(index, `${problem}. It stays in ${layer.location}, which is read-only, and is not used`);
    }
    try {
      // Another process has deleted or replaced it: there is nothing to look at.
      if (!(await quarantine(layer, keys.get(index)))) return;
      warned.damaged++;
      if (warned.damaged <= mostDamageWarnings)
        reporter.warn(index, `${problem}. It was set aside (@damaged/${keys.get(index)}) and is not used`);
      else if (warned.damaged === mostDamageWarnings + 1)
        reporter.warn(index, 'more checkpoints are damaged and were set aside; the summary of the run has all of them');
    } catch (failure) {
      reporter.storageFailed(index, failure);
      reporter.warn(index, `${problem}. It is not used, but could not be set aside: ${explainError(failure)}`);
    }
  }

  #warnOfPlain(index: number, error: UnencryptedCheckpointError): void {
    const { warned } = this.#run;
    const { reporter } = this.#graph;
    warned.plain++;
    if (warned.plain <= mostDamageWarnings) reporter.warn(index, error.message);
    else if (warned.plain === mostDamageWarnings + 1)
      reporter.warn(
        index,
        'more checkpoints are not encrypted and do not count; the summary of the run has all of them',
      );
  }

  /** Once a run: a storage that is away fails for every result. */
  #warn(index: number | undefined, error: unknown): void {
    const { warned } = this.#run;
    const { reporter } = this.#graph;
    if (warned.ofStorage) return;
    warned.ofStorage = true;
    reporter.warn(
      index,
      `${explainError(error).replace(/\.$/, '')}. What cannot be loaded is computed, and not saved; the summary of the run has all that went wrong with the storage`,
    );
  }
}
