import { types } from 'node:util';
import { deepFreeze } from '../encoding/copies/freeze';
import { type Copier, freshCopy, frozenCopy, frozenCopyOfAll, newUserCopier } from '../encoding/copies/isolate';
import { isResultHandle } from '../executors/remote/result-handle';
import type { GraphNode } from '../graph/node';
import type { TaskDefinition } from '../task/definition';
import { Sharing } from './node-facts';
import type { NodeStates } from './node-states';
import type { RunGraph } from './run-context';

/** What sharing needs. */
export interface ResultSharingParts {
  readonly graph: Pick<RunGraph, 'graph' | 'checkpoints'>;
  readonly states: NodeStates;
  readonly freezes: boolean;
}

/** Gives a result, or a part of it, to one user. */
export type HandOver = (value: unknown, node: GraphNode) => unknown;

/**
 * Keeps the users of a result apart: tasks that require it, the caller of the run, hooks, and other executions.
 *
 * A result that is saved, or has several users, is a frozen copy of what its task returned. What cannot be frozen in it
 * (Maps, Dates, bytes…) is copied for each user but the last. The only user of a result that is not saved gets it as
 * it is.
 */
export class ResultSharing {
  readonly #parts: ResultSharingParts;
  /** Whether the run has a `checkpoint` function, which receives what the caller does. */
  #callerHasHook = false;

  constructor(parts: ResultSharingParts) {
    this.#parts = parts;
  }

  /** The run's `checkpoint` function receives its result as well. */
  addHookOfRun(): void {
    this.#callerHasHook = true;
  }

  /**
   * Takes what a task returned. Gives what others receive.
   *
   * @param isChecked whether an encoder found no accessors, symbols, hidden properties or holes in it
   */
  settle(index: number, value: unknown, isChecked = false): unknown {
    if (typeof value !== 'object' || value === null) return value;
    return this.#settle(index, value, this.#isSaved(index), () => frozenCopy(value, isChecked));
  }

  /** Likewise what refs in a result led to. */
  settleResolved(index: number, value: unknown): unknown {
    return this.#settle(index, value, false, () => frozenCopy(value));
  }

  /** Likewise what a `restore` method gave, which may still have it: nobody receives the very object. */
  settleRestored(index: number, value: unknown): unknown {
    if (typeof value !== 'object' || value === null || !this.#parts.freezes) return value;
    const isFrozen = this.#isSaved(index) || this.#hasSeveralUsers(index);
    return this.#settle(index, isFrozen ? value : freshCopy(value), isFrozen, () => frozenCopyOfAll(value));
  }

  /** Takes a value that was made for this execution alone: it is frozen without a copy. */
  settleOwn(index: number, value: unknown): void {
    this.#settle(index, value, this.#isSaved(index), () => ({ value, hasMutable: deepFreeze(value) }));
  }

  #settle(index: number, value: unknown, isSaved: boolean, freeze: typeof frozenCopy): unknown {
    const { freezes, states } = this.#parts;
    if (typeof value !== 'object' || value === null || !freezes) {
      states.facts.setSharing(index, Sharing.shared);
      return value;
    }
    if (!isSaved && !this.#hasSeveralUsers(index)) {
      states.facts.setSharing(index, Sharing.single);
      return value;
    }
    const isolated = freeze(value);
    states.facts.setSharing(index, isolated.hasMutable ? Sharing.copied : Sharing.shared);
    return isolated.value;
  }

  /**
   * For one attempt at a task; undefined when it may have everything as it is.
   *
   * @param mayRunAgain whether another attempt may follow, which is to see the same
   */
  forTask(mayRunAgain: boolean): HandOver | undefined {
    if (!this.#parts.states.facts.hasRestrictions) return undefined;
    const { states } = this.#parts;
    return this.#handover(({ index }) => {
      if (mayRunAgain || states.usesOf(index) !== 1) return false;
      const result = states.resultOf(index);
      return !(isResultHandle(result) && result.isShared);
    });
  }

  /** For the caller of the run, who is the last to receive anything. */
  forCaller(): HandOver {
    return this.#handover(() => true);
  }

  /** For the run's `checkpoint` function. */
  forHookOfRun(): HandOver {
    return this.#handover(() => false);
  }

  /** For the `checkpoint` method of a task. */
  forHook(index: number, value: unknown): unknown {
    return this.#parts.states.facts.sharingOf(index) === Sharing.shared ? value : newUserCopier().copy(value);
  }

  /** For another execution of the same run that has the node as well. */
  forOtherExecution(index: number, value: unknown): unknown {
    const sharing = this.#parts.states.facts.sharingOf(index);
    if (sharing === Sharing.shared) return value;
    if (!isResultHandle(value)) return sharing === Sharing.copied ? newUserCopier().copy(value) : freshCopy(value);
    if (value.isLoaded) return newUserCopier().copy(value.loaded);
    value.isShared = true;
    return value;
  }

  #handover(isLast: (node: GraphNode) => boolean): HandOver {
    const { states } = this.#parts;
    // What several results hold is one object for the user as well.
    let copier: Copier | undefined;
    return (value, node) => {
      const sharing = states.facts.sharingOf(node.index);
      if (typeof value !== 'object' || value === null || sharing === Sharing.shared || sharing === Sharing.given)
        return value;
      if (sharing === Sharing.copied && !isLast(node)) return (copier ??= newUserCopier()).copy(value);
      states.facts.setSharing(node.index, Sharing.given);
      return value;
    };
  }

  #isSaved(index: number): boolean {
    const { graph, checkpoints } = this.#parts.graph;
    return checkpoints !== undefined && graph.nodes[index]!.task.save;
  }

  /** Whether several may receive a result, or one may receive it several times. */
  #hasSeveralUsers(index: number): boolean {
    const { states } = this.#parts;
    const { task } = this.#parts.graph.graph.nodes[index]!;
    const consumers = states.dependentsOf(index);
    const isWanted = states.isWanted(index);
    const others = Number(isWanted) + Number(isWanted && this.#callerHasHook) + Number(task.hasCheckpoint);
    if (consumers.length + others !== 1) return consumers.length + others > 1;
    return consumers.length === 1 && mayRunTwice(this.#parts.graph.graph.nodes[consumers[0]!]!.task);
  }
}

/** A copy of what a task finds in a requirement besides results: others find the same there. */
export function copyLiteral(value: unknown): unknown {
  return types.isMap(value) || types.isSet(value) ? value : newUserCopier().copy(value);
}

/** Whether there may be a second attempt at a task. */
function mayRunTwice({ isOnceEverywhere, options: { retries = 0 } }: TaskDefinition): boolean {
  return isOnceEverywhere || (typeof retries === 'number' ? retries : retries.attempts - 1) > 0;
}
