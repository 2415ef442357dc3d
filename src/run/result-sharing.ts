import { types } from 'node:util';
import { deepFreeze } from '../encoding/copies/freeze';
import { type Copier, freshCopy, frozenCopy, frozenCopyOfAll, newUserCopier } from '../encoding/copies/isolate';
import { isResultHandle } from '../executors/remote/result-handle';
import type { GraphNode } from '../graph/node';
import type { TaskDefinition } from '../task/definition';
import { Sharing } from './node-facts';
import type { NodeStates } from './node-states';
import type { RunGraph } from './run-context';

/** The dependencies of result sharing. */
export interface ResultSharingParts {
  readonly graph: Pick<RunGraph, 'graph' | 'checkpoints'>;
  readonly states: NodeStates;
  readonly freezes: boolean;
}

/** Hands a result, or a part of it, over to one user. */
export type HandOver = (value: unknown, node: GraphNode) => unknown;

/**
 * Isolates the users of a result from each other: dependent tasks, the caller of the run, hooks, other executions.
 *
 * A result that is saved or has several users is a frozen copy of its task's return value. Its parts that cannot be
 * frozen (Maps, Dates, bytes…) are copied for each user but the last. The only user of an unsaved result receives it
 * as it is.
 */
export class ResultSharing {
  readonly #parts: ResultSharingParts;
  /** True when the run has a `checkpoint` function, which receives the same as the caller. */
  #callerHasHook = false;

  constructor(parts: ResultSharingParts) {
    this.#parts = parts;
  }

  /** Adds the run's `checkpoint` function as a user of its result. */
  addHookOfRun(): void {
    this.#callerHasHook = true;
  }

  /**
   * Settles the return value of a task. Returns the value that others receive.
   *
   * @param isChecked true when an encoder found no accessors, symbols, hidden properties or holes in it
   */
  settle(index: number, value: unknown, isChecked = false): unknown {
    if (typeof value !== 'object' || value === null) return value;
    return this.#settle(index, value, this.#isSaved(index), () => frozenCopy(value, isChecked));
  }

  /** Settles the value to which the refs in a result led. */
  settleResolved(index: number, value: unknown): unknown {
    return this.#settle(index, value, false, () => frozenCopy(value));
  }

  /** Settles the value of a `restore` method, which may keep the object: users receive a copy. */
  settleRestored(index: number, value: unknown): unknown {
    if (typeof value !== 'object' || value === null || !this.#parts.freezes) return value;
    const isFrozen = this.#isSaved(index) || this.#hasSeveralUsers(index);
    return this.#settle(index, isFrozen ? value : freshCopy(value), isFrozen, () => frozenCopyOfAll(value));
  }

  /** Settles a value that only this execution has: it is frozen without a copy. */
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
   * The handover to one attempt at a task; undefined when it may receive everything as it is.
   *
   * @param mayRunAgain true when another attempt may follow, which must receive the same values
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

  /** The handover to the caller of the run, who is the last user. */
  forCaller(): HandOver {
    return this.#handover(() => true);
  }

  /** The handover to the run's `checkpoint` function. */
  forHookOfRun(): HandOver {
    return this.#handover(() => false);
  }

  /** The value for the `checkpoint` method of a task. */
  forHook(index: number, value: unknown): unknown {
    return this.#parts.states.facts.sharingOf(index) === Sharing.shared ? value : newUserCopier().copy(value);
  }

  /** The value for another execution of the same run that has the node as well. */
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
    // An object that several results share stays one object for the user.
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

  /** True when several users may receive a result, or one may receive it several times. */
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

/** Copies a literal in a requirement, so that a task cannot change it for others. */
export function copyLiteral(value: unknown): unknown {
  return types.isMap(value) || types.isSet(value) ? value : newUserCopier().copy(value);
}

/** True when a second attempt at a task may follow. */
function mayRunTwice({ isOnceEverywhere, options: { retries = 0 } }: TaskDefinition): boolean {
  return isOnceEverywhere || (typeof retries === 'number' ? retries : retries.attempts - 1) > 0;
}
