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

/** What joining needs. */
export interface JoinsParts {
  readonly run: Pick<RunContext, 'computations' | 'state'>;
  readonly graph: RunGraph;
  readonly states: NodeStates;
}

/**
 * Joins the nodes of one execution with those of other runs in this process: a key that another run computes is waited
 * for, and loaded once that run has saved it.
 */
export class Joins implements ComputationOwner {
  readonly #parts: JoinsParts;
  /** What this execution computes, and others may wait for. */
  readonly #own = new Map<number, Computation>();
  /** What nodes wait for that were left to an identical run, before anything that they require was looked for. */
  readonly #left = new Map<number, Computation>();
  /** Nodes that are not joined again: the result of the other run was of no use. */
  readonly #alone = new Set<number>();
  /** Nodes that another run has computed since this one looked for them. */
  readonly #toLookUp = new Set<number>();
  #savesBefore = 0;
  /** An identical run that began before this one. */
  #leader: Joins | undefined;

  constructor(parts: JoinsParts) {
    this.#parts = parts;
  }

  /** Checkpoints are looked for now. @param leader an identical run, to which saved tasks are left that it computes anyway */
  begin(leader: Joins | undefined): void {
    const { computations } = this.#parts.run;
    if (!this.#parts.graph.checkpoints) return;
    computations.open();
    this.#savesBefore = computations.saves;
    this.#leader = leader;
  }

  /** Leaves a node that has to run to the identical run that computes it, so that nothing that it requires is needed here. */
  leaveToOtherRun(index: number): boolean {
    const leader = this.#leader;
    if (!leader || !this.#canJoin(index) || this.#alone.has(index)) return false;
    const computation = leader.#expect(this.#parts.graph.graph.nodes[index]!, this.#parts.graph.keys.get(index));
    if (computation) this.#left.set(index, computation);
    return computation !== undefined;
  }

  /** Whether a node was left to another run. */
  isLeft(index: number): boolean {
    return this.#left.has(index);
  }

  /**
   * The computation that a node which is about to run has to wait for; undefined when it is to run here.
   *
   * @throws {TidemarkError} when it would wait for itself: its own code, or code that waits for that, started this run
   * @throws {DeclarationError} when what has the key has other params
   */
  find(index: number): Computation | undefined {
    const left = this.#left.get(index);
    if (left) return left;
    if (!this.#canJoin(index) || this.#own.has(index)) return undefined;
    const { computations } = this.#parts.run;
    const { graph, keys } = this.#parts.graph;
    const found = computations.find(keys.get(index), graph.nodes[index]!);
    // What has no slot may need that of the task which started this run.
    const mayWait = found && (computations.link.parent ? found.phase === 'running' : found.phase !== 'expected');
    if (!mayWait || this.#alone.has(index)) return undefined;
    assertSameParams(found.key, found.node, graph.nodes[index]!);
    const circle = findCircle(computations.link, found);
    if (circle) throw circleError(graph.nodes[index]!, circle);
    return found;
  }

  /** Waits until a computation is over, or until the run ends. Gives what is to be done then. */
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
        // What waits to be tried again may need the slot of the task that started this run.
        const forget = computation.onEnd(over, link.parent !== undefined);
        const letGo = state.onEnding(() => over(undefined));
        function over(ending: ComputationEnd | undefined): void {
          forget();
          letGo();
          resolve(ending);
        }
      });
    } finally {
      computation.waiting.delete(link);
      this.#left.delete(index);
    }
  }

  /** What another run computed is looked for before the node runs. @param isUseful whether waiting for others again makes sense */
  lookUpNext(index: number, isUseful: boolean): void {
    this.#toLookUp.add(index);
    if (!isUseful) this.#alone.add(index);
  }

  /** Whether another run may have saved the node since this one looked for it. */
  mustLookUp(index: number): boolean {
    if (this.#toLookUp.delete(index)) return true;
    const { computations } = this.#parts.run;
    const { keys } = this.#parts.graph;
    return this.#canJoin(index) && computations.mayHaveSaved(keys.get(index), this.#savesBefore);
  }

  /** The node runs here, from now on: others may wait for it. */
  start(index: number): void {
    const computation = this.#register(index);
    if (computation) computation.phase = 'running';
  }

  /** Another run computes what this one was to. */
  release(computation: Computation): void {
    for (const [index, own] of this.#own) if (own === computation) this.#own.delete(index);
  }

  /** What a node computes; undefined when no other run can wait for it. */
  computationOf(index: number): Computation | undefined {
    return this.#own.size > 0 ? this.#own.get(index) : undefined;
  }

  end(index: number, ending: ComputationEnd): void {
    const computation = this.#own.get(index);
    if (!computation) return;
    this.#own.delete(index);
    this.#parts.run.computations.end(computation, ending);
  }

  /** A node failed for good, and what requires it does not run. @param isAbandoned whether only this run gave it up */
  fail(index: number, error: TaskFailedError, skipped: readonly number[], isAbandoned: boolean): void {
    if (this.#own.size === 0) return;
    const { cause, attempts } = error;
    this.end(index, isAbandoned ? { type: 'abandoned' } : { type: 'failed', cause, attempts });
    for (const one of skipped) this.end(one, isAbandoned ? { type: 'abandoned' } : { type: 'skipped', error });
  }

  /** A node failed, and will be tried again. */
  pause(index: number): void {
    this.#own.get(index)?.pause();
  }

  /** The execution is over. */
  endAll(): void {
    for (const index of [...this.#own.keys()]) this.end(index, { type: 'abandoned' });
  }

  /** The computation of a node that is sure to be run, for an identical run. */
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

  /** Whether a node has the same result in all runs, under its key. What is computed once everywhere has a lease for that. */
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
