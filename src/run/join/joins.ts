import { TidemarkError } from '../../base/error';
import type { GraphNode } from '../../graph/node';
import { haveSameParams } from '../../storage/custom-key';
import type { TaskKey } from '../../task/context';
import type { TaskDefinition } from '../../task/definition';
import { type AwaitedKey, findCircle } from '../async-context';
import { assertSameParams } from '../dynamic/node-claims';
import type { TaskFailedError } from '../errors';
import type { NodeStates } from '../node-states';
import type { RunContext, RunGraph } from '../run-context';
import type { Computation, ComputationEnd, ComputationOwner } from './computations';

/** The dependencies of joins. */
export interface JoinsParts {
  readonly run: Pick<RunContext, 'computations' | 'state'>;
  readonly graph: RunGraph;
  readonly states: NodeStates;
}

/**
 * Joins the nodes of one execution with those of other runs in this process: waits for a key that another run
 * computes, and loads it once that run has saved it.
 */
export class Joins implements ComputationOwner {
  readonly #parts: JoinsParts;
  /** The computations of this execution for which others may wait. */
  readonly #own = new Map<number, Computation>();
  /** The computations of nodes that were left to an identical run before their requirements were looked up. */
  readonly #left = new Map<number, Computation>();
  /** Nodes that are not joined again, since the other run's result was of no use. */
  readonly #alone = new Set<number>();
  /** Nodes that another run has computed since this one looked them up. */
  readonly #toLookUp = new Set<number>();
  #savesBefore = 0;
  /** The joins of an identical run that started before this one. */
  #leader: Joins | undefined;

  constructor(parts: JoinsParts) {
    this.#parts = parts;
  }

  /** Marks the time of the lookups. @param leader an identical run, to which saved tasks are left that it computes */
  begin(leader: Joins | undefined): void {
    const { computations } = this.#parts.run;
    if (!this.#parts.graph.checkpoints) return;
    computations.open();
    this.#savesBefore = computations.saves;
    this.#leader = leader;
  }

  /** Leaves a node to the identical run that computes it, so that its requirements are not needed here. */
  leaveToOtherRun(index: number): boolean {
    const leader = this.#leader;
    if (!leader || !this.#canJoin(index) || this.#alone.has(index)) return false;
    const computation = leader.#expect(this.#parts.graph.graph.nodes[index]!, this.#parts.graph.keys.get(index));
    if (computation) this.#left.set(index, computation);
    return computation !== undefined;
  }

  /** True when a node was left to another run. */
  isLeft(index: number): boolean {
    return this.#left.has(index);
  }

  /**
   * The computation for which a node has to wait before it runs; undefined when it runs here.
   *
   * @throws {TidemarkError} when it would wait for itself, since its own code, directly or indirectly, started this run
   * @throws {DeclarationError} when the other node with the key has other params
   */
  find(index: number): Computation | undefined {
    const left = this.#left.get(index);
    if (left) return left;
    if (!this.#canJoin(index) || this.#own.has(index)) return undefined;
    const { computations } = this.#parts.run;
    const { graph, keys } = this.#parts.graph;
    const found = computations.find(keys.get(index), graph.nodes[index]!);
    // A computation without a slot may need the slot of the task that started this run.
    const mayWait = found && (computations.link.parent ? found.phase === 'running' : found.phase !== 'expected');
    if (!mayWait || this.#alone.has(index)) return undefined;
    assertSameParams(found.key, found.node, graph.nodes[index]!);
    const circle = findCircle(computations.link, found);
    if (circle) throw circleError(graph.nodes[index]!, circle);
    return found;
  }

  /** Waits until a computation is over or the run ends. Resolves to its end, or to undefined. */
  async wait(index: number, computation: Computation): Promise<ComputationEnd | undefined> {
    const { computations, state } = this.#parts.run;
    const { link } = computations;
    if (computation.ending || state.isEnding) {
      this.#left.delete(index);
      return computation.ending;
    }
    computation.waiting.add(link);
    try {
      return await new Promise((resolve) => {
        // A computation that waits for a retry may need the slot of the task that started this run.
        const forget = computation.onEnd(over, link.parent !== undefined);
        const unsubscribe = state.onEnding(() => over(undefined));
        function over(ending: ComputationEnd | undefined): void {
          forget();
          unsubscribe();
          resolve(ending);
        }
      });
    } finally {
      computation.waiting.delete(link);
      this.#left.delete(index);
    }
  }

  /** Has the node looked up again before it runs. @param isUseful false when it should not wait for others again */
  lookUpNext(index: number, isUseful: boolean): void {
    this.#toLookUp.add(index);
    if (!isUseful) this.#alone.add(index);
  }

  /** True when another run may have saved the node since this one looked it up. */
  mustLookUp(index: number): boolean {
    if (this.#toLookUp.delete(index)) return true;
    const { computations } = this.#parts.run;
    const { keys } = this.#parts.graph;
    return this.#canJoin(index) && computations.mayHaveSaved(keys.get(index), this.#savesBefore);
  }

  /** Records that the node runs here: others may wait for it. */
  start(index: number): void {
    const computation = this.#register(index);
    if (computation) computation.phase = 'running';
  }

  /** Forgets a computation that another run has started instead. */
  release(computation: Computation): void {
    for (const [index, own] of this.#own) if (own === computation) this.#own.delete(index);
  }

  /** The computation of a node; undefined when no other run can wait for it. */
  computationOf(index: number): Computation | undefined {
    return this.#own.size > 0 ? this.#own.get(index) : undefined;
  }

  end(index: number, ending: ComputationEnd): void {
    const computation = this.#own.get(index);
    if (!computation) return;
    this.#own.delete(index);
    this.#parts.run.computations.end(computation, ending);
  }

  /** Ends the computations of a failed node and its dependents. @param isAbandoned true when only this run gave up */
  fail(index: number, error: TaskFailedError, skipped: readonly number[], isAbandoned: boolean): void {
    if (this.#own.size === 0) return;
    const { cause, attempts } = error;
    this.end(index, isAbandoned ? { type: 'abandoned' } : { type: 'failed', cause, attempts });
    for (const one of skipped) this.end(one, isAbandoned ? { type: 'abandoned' } : { type: 'skipped', error });
  }

  /** Pauses the computation of a failed node until its retry. */
  pause(index: number): void {
    this.#own.get(index)?.pause();
  }

  /** Ends all computations, since the execution is over. */
  endAll(): void {
    for (const index of [...this.#own.keys()]) this.end(index, { type: 'abandoned' });
  }

  /** The computation of a node that is certain to run, for an identical run. */
  #expect(node: GraphNode, key: TaskKey): Computation | undefined {
    const { index, task } = node;
    const { run, states } = this.#parts;
    const { graph, keys, fingerprints } = this.#parts.graph;
    const own = graph.nodes[index];
    if (own?.task !== task || fingerprints.hasUnknownKey(index) || keys.get(index) !== key) return undefined;
    if (task.options.key && !haveSameParams(own, node)) return undefined;
    if (run.state.isEnding || !states.isToRun(index) || !states.isUnsettled(index)) return undefined;
    return this.#register(index) ?? run.computations.find(key, node);
  }

  #register(index: number): Computation | undefined {
    const own = this.#own.get(index);
    if (own || !this.#parts.graph.checkpoints?.isSaving || !this.#isShared(index)) return own;
    const { computations } = this.#parts.run;
    const { graph, keys } = this.#parts.graph;
    const computation = computations.register(keys.get(index), graph.nodes[index]!, this);
    if (computation) this.#own.set(index, computation);
    return computation;
  }

  #canJoin(index: number): boolean {
    const { checkpoints, isForced } = this.#parts.graph;
    return checkpoints !== undefined && this.#parts.run.computations.joins && this.#isShared(index) && !isForced(index);
  }

  /** True when all runs share the node's result under its key. Tasks that run once everywhere use leases instead. */
  #isShared(index: number): boolean {
    const { save, isOnceEverywhere } = this.#task(index);
    return save && !isOnceEverywhere && !this.#parts.graph.fingerprints.hasUnknownKey(index);
  }

  #task(index: number): TaskDefinition {
    return this.#parts.graph.graph.nodes[index]!.task;
  }
}

function circleError(node: GraphNode, circle: readonly AwaitedKey[]): TidemarkError {
  const [first, ...others] = circle.map(({ key }) => key);
  const way = [...others, first].map((key) => `\n    waits for ${key}`);
  return new TidemarkError(
    `${node} is needed by a run that was started by its own code, or by code that waits for it. These tasks would wait for each other in a circle:\n    ${first}${way.join('')}`,
  );
}
