import { types } from 'node:util';
import { deepFreeze } from '../encoding/copies/freeze';
import { type Copier, freshCopy, frozenCopy, frozenCopyOfAll, newUserCopier } from '../encoding/copies/isolate';
import { isResultHandle } from '../executors/remote/result-handle';
import type { Graph } from '../graph/graph';
import type { GraphNode } from '../graph/node';
import type { TaskDefinition } from '../task/definition';
import { type NodeStates, Sharing } from './node-states';

/** What it needs to know of an execution. */
export interface ResultSharingOptions {
  readonly graph: Graph;
  readonly frontier: NodeStates;
  readonly freezes: boolean;
  /** Undefined when nothing is saved. */
  readonly checkpoints: object | undefined;
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
  readonly #options: ResultSharingOptions;
  /** Whether the run has a `checkpoint` function, which receives what the caller does. */
  #callerHasHook = false;

  constructor(options: ResultSharingOptions) {
    this.#options = options;
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
    if (typeof value !== 'object' || value === null || !this.#options.freezes) return value;
    const isFrozen = this.#isSaved(index) || this.#hasSeveralUsers(index);
    return this.#settle(index, isFrozen ? value : freshCopy(value), isFrozen, () => frozenCopyOfAll(value));
  }

  /** Takes a value that was made for this execution alone: it is frozen without a copy. */
  settleOwn(index: number, value: unknown): void {
    this.#settle(index, value, this.#isSaved(index), () => ({ value, hasMutable: deepFreeze(value) }));
  }

  #settle(index: number, value: unknown, isSaved: boolean, freeze: typeof frozenCopy): unknown {
    const { freezes, frontier } = this.#options;
    if (typeof value !== 'object' || value === null || !freezes) {
      frontier.setSharing(index, Sharing.shared);
      return value;
    }
    if (!isSaved && !this.#hasSeveralUsers(index)) {
      frontier.setSharing(index, Sharing.single);
      return value;
    }
    const isolated = freeze(value);
    frontier.setSharing(index, isolated.hasMutable ? Sharing.copied : Sharing.shared);
    return isolated.value;
  }

  /**
   * For one attempt at a task; undefined when it may have everything as it is.
   *
   * @param mayRunAgain whether another attempt may follow, which is to see the same
   */
  forTask(mayRunAgain: boolean): HandOver | undefined {
    if (!this.#options.frontier.hasRestrictions) return undefined;
    const { frontier } = this.#options;
    return this.#handover(({ index }) => {
      if (mayRunAgain || frontier.usesOf(index) !== 1) return false;
      const result = frontier.resultOf(index);
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
    return this.#options.frontier.sharingOf(index) === Sharing.shared ? value : newUserCopier().copy(value);
  }

  /** For another execution of the same run that has the node as well. */
  forOtherExecution(index: number, value: unknown): unknown {
    const sharing = this.#options.frontier.sharingOf(index);
    if (sharing === Sharing.shared) return value;
    if (!isResultHandle(value)) return sharing === Sharing.copied ? newUserCopier().copy(value) : freshCopy(value);
    if (value.isLoaded) return newUserCopier().copy(value.loaded);
    value.isShared = true;
    return value;
  }

  #handover(isLast: (node: GraphNode) => boolean): HandOver {
    const { frontier } = this.#options;
    // What several results hold is one object for the user as well.
    let copier: Copier | undefined;
    return (value, node) => {
      const sharing = frontier.sharingOf(node.index);
      if (typeof value !== 'object' || value === null || sharing === Sharing.shared || sharing === Sharing.given)
        return value;
      if (sharing === Sharing.copied && !isLast(node)) return (copier ??= newUserCopier()).copy(value);
      frontier.setSharing(node.index, Sharing.given);
      return value;
    };
  }

  #isSaved(index: number): boolean {
    return this.#options.checkpoints !== undefined && this.#options.graph.nodes[index]!.task.save;
  }

  /** Whether several may receive a result, or one may receive it several times. */
  #hasSeveralUsers(index: number): boolean {
    const { frontier, graph } = this.#options;
    const consumers = frontier.dependentsOf(index);
    const isWanted = frontier.isWanted(index);
    const others =
      Number(isWanted) + Number(isWanted && this.#callerHasHook) + Number(graph.nodes[index]!.task.hasCheckpoint);
    if (consumers.length + others !== 1) return consumers.length + others > 1;
    return consumers.length === 1 && mayRunTwice(graph.nodes[consumers[0]!]!.task);
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
