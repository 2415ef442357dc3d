import type { Awaitable } from '../base/awaitable';
import { describeError, explainError, isInstance } from '../base/describe-error';
import type { CheckpointStore } from '../storage/checkpoint-store';
import { DamagedCheckpointError, GoneCheckpointError, UnencryptedCheckpointError } from '../storage/errors';
import { quarantine } from '../storage/maintain-store';
import { DeclarationError } from '../task/errors';
import type { NodeStates } from './node-states';
import type { RunContext, RunGraph } from './run-context';

/** The number of damaged checkpoints reported one by one; a single further warning covers the rest. */
const mostDamageWarnings = 10;

/** Reports storage errors, and ends the run or works around them, depending on the options. */
export class StorageErrorPolicy {
  readonly #run: Pick<RunContext, 'state' | 'warned' | 'onStorageError'>;
  readonly #graph: RunGraph;
  readonly #states: NodeStates;

  constructor(run: Pick<RunContext, 'state' | 'warned' | 'onStorageError'>, graph: RunGraph, states: NodeStates) {
    this.#run = run;
    this.#graph = graph;
    this.#states = states;
  }

  /** Handles an error of a checkpoint, which is set aside if damaged, or of its storage. */
  handle(index: number | undefined, error: unknown, layer?: CheckpointStore): Awaitable<void> {
    const { onStorageError, state } = this.#run;
    const { reporter } = this.#graph;
    // The checkpoint was cleared or deleted while it was read: the task runs, as without a checkpoint.
    if (index !== undefined && isInstance(error, GoneCheckpointError)) return undefined;
    reporter.storageFailed(index, error);
    // A fault in the task's own keys, not in the storage.
    if (isInstance(error, DeclarationError)) return void state.endBy(error);
    if (index !== undefined && layer && isInstance(error, DamagedCheckpointError))
      return this.#quarantine(index, error, layer);
    // The checkpoint is ignored: the task runs, and its result replaces it.
    if (index !== undefined && isInstance(error, UnencryptedCheckpointError)) return this.#warnOfPlain(index, error);
    if (index !== undefined) this.#states.facts.protect(index);
    if (onStorageError === 'compute') this.#warn(index, error);
    else state.endBy(error);
    return undefined;
  }

  /** Sets a damaged checkpoint aside: the task runs again and replaces it. */
  async #quarantine(index: number, damage: DamagedCheckpointError, layer: CheckpointStore): Promise<void> {
    const { warned } = this.#run;
    const { keys, reporter } = this.#graph;
    const problem = describeError(damage);
    if (layer.isReadonly) {
      warned.damaged++;
      return reporter.warn(index, `${problem}. It stays in ${layer.location}, which is read-only, and is not used`);
    }
    try {
      // Another process has deleted or replaced it: there is nothing left to inspect.
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

  /** Warns once a run, since an unreachable storage fails for every result. */
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
