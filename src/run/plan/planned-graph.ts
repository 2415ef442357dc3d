import { isPromiseLike } from '../../base/awaitable';
import { describeError, isInstance } from '../../base/describe-error';
import type { Graph } from '../../graph/graph';
import type { NodeKeys } from '../../graph/key';
import { restoreRefs } from '../../graph/stored-ref';
import type { CheckpointHit } from '../../storage/storage-stack';
import { DeclarationError } from '../../task/errors';
import type { Checkpoints } from '../checkpoints';
import { Decider, NodeCheckpoints } from '../decide';
import { NodeStates } from '../node-states';
import type { PlannedNode } from './plan';

/** A graph with its current keys and checkpoints. */
export interface OpenedGraph {
  readonly graph: Graph;
  readonly keys: NodeKeys;
  /** Undefined when no task of the graph is saved. */
  readonly checkpoints: Checkpoints | undefined;
}

const startsNothing = { push: () => {} };

/** One graph of a plan, of the target or of refs in a result, with the decisions for its nodes. */
export class PlannedGraph {
  readonly graph: Graph;
  readonly keys: NodeKeys;
  readonly checkpoints: Checkpoints | undefined;
  readonly states: NodeStates;
  /** The checkpoints found in storage. */
  readonly known = new NodeCheckpoints();
  readonly #decider: Decider;
  /** The condition under which the graph is needed; undefined when it is certain. */
  readonly #condition: string | undefined;
  /** The conditions of nodes that are only needed if a task does not restore its result. */
  readonly #conditions = new Map<number, string>();
  readonly #whys = new Map<number, string>();
  /** Nodes whose tasks have a `restore` method. */
  readonly #restoring: number[] = [];
  /** Results that hold refs, by node, until they are drained. */
  readonly #holders = new Map<number, unknown>();
  #undrained: number[] = [];

  private constructor({ graph, keys, checkpoints }: OpenedGraph, condition: string | undefined) {
    this.graph = graph;
    this.keys = keys;
    this.checkpoints = checkpoints;
    this.states = new NodeStates(graph, startsNothing);
    this.states.drainDecided();
    this.#condition = condition;
    this.#decider = new Decider({
      // A plan has keys for all nodes, and forces none.
      graph: { graph, checkpoints, fingerprints: { hasUnknownKey: () => false }, isForced: () => false },
      states: this.states,
      known: this.known,
      // A plan calls no code of tasks: such nodes are deferred until all certain decisions are made.
      restore: async (index) => {
        this.#restoring.push(index);
        return { value: undefined };
      },
      onFailure: (index, { error }) => {
        if (isInstance(error, DeclarationError)) throw error;
        this.#whys.set(index, describeError(error));
      },
      onRun: (index, why) => {
        if (!this.#whys.has(index)) this.#whys.set(index, why);
      },
    });
  }

  /** @param condition the condition under which the graph is needed */
  static async decide(opened: OpenedGraph, condition: string | undefined): Promise<PlannedGraph> {
    const part = new PlannedGraph(opened, condition);
    await part.#decide(opened.graph.targets.map(({ index }) => index));
    // Each may add further ones.
    for (let next = 0; next < part.#restoring.length; next++) await part.#decideRestoring(part.#restoring[next]!);
    return part;
  }

  /** The planned action of a node. */
  actionOf(index: number): PlannedNode['action'] {
    if (this.states.isUndecided(index)) return 'not-needed';
    if (this.conditionOf(index) !== undefined) return 'unknown';
    return this.states.isToRun(index) ? 'run' : 'load';
  }

  /** The condition on which a node's necessity or action depends; undefined when it is certain. */
  conditionOf(index: number): string | undefined {
    return this.#condition ?? this.#conditions.get(index);
  }

  whyOf(index: number): string {
    return this.#whys.get(index)!;
  }

  secondsOf(index: number): number {
    return this.known.found.get(index)!.checkpoint.seconds;
  }

  /** Returns each node that would be loaded and holds refs once. @param isCertain only those certainly needed */
  drainHolders(isCertain: boolean): readonly number[] {
    const drained = this.#undrained.filter((index) => !isCertain || this.conditionOf(index) === undefined);
    this.#undrained = isCertain ? this.#undrained.filter((index) => this.conditionOf(index) !== undefined) : [];
    return drained;
  }

  /** The result of a drained node. @throws {UnknownTaskError} when the class of a task that it names is not loaded */
  refsIn(index: number): unknown {
    const stored = this.#holders.get(index);
    this.#holders.delete(index);
    return restoreRefs(stored, { paramsOf: () => this.graph.nodes[index]!.params });
  }

  async #decide(indices: readonly number[]): Promise<void> {
    const pending = this.#decider.decide(indices);
    if (isPromiseLike(pending)) await pending;
    for (let decided = this.states.drainDecided(); decided.length > 0; decided = this.states.drainDecided())
      await this.#readHolders(decided);
  }

  /** Reads the results that hold refs; a node with an unreadable result is planned to run, as in a run. */
  async #readHolders(decided: readonly number[]): Promise<void> {
    for (const index of decided) {
      const found = this.states.isToRun(index) ? undefined : this.known.found.get(index);
      if (!found?.checkpoint.holdsRefs) continue;
      try {
        this.#holders.set(index, await this.read(index, found));
        this.#undrained.push(index);
      } catch (error) {
        this.#whys.set(index, describeError(error));
        await this.#decider.fallBackToRun(index, describeError(error));
      }
    }
  }

  /** Reads a checkpoint, with its refs in stored form. */
  async read(index: number, found: CheckpointHit): Promise<unknown> {
    return this.checkpoints!.load(index, found, () => {});
  }

  async #decideRestoring(index: number): Promise<void> {
    this.known.removeRestored(index);
    this.states.undecide(index);
    const undecided = this.graph.order.filter((one) => this.states.isUndecided(one));
    await this.#decide([index]);
    const node = this.graph.nodes[index]!;
    for (const one of undecided)
      if (!this.states.isUndecided(one)) this.#conditions.set(one, `if restore() of ${node} gives nothing`);
    this.#conditions.set(index, 'its restore() is asked first');
  }
}
