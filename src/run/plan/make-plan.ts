import { describeError, isInstance } from '../../base/describe-error';
import { TidemarkError } from '../../base/error';
import { publicParams } from '../../graph/public-params';
import { StorageError } from '../../storage/errors';
import type { TaskKey } from '../../task/context';
import type { Plan, PlannedNode } from './plan';
import { type OpenedGraph, PlannedGraph } from './planned-graph';
import { PreviousRefs } from './previous-refs';

/** Opens the graph of a structure of refs, with its current keys and checkpoints. */
export type OpenGraph = (structure: unknown) => Promise<OpenedGraph>;

/**
 * Makes the decisions of a run without running anything.
 *
 * @param open opens the graphs of refs in results
 * @throws {TidemarkError} when a result that would be loaded names a task class that is not loaded
 */
export function makePlan(root: OpenedGraph, open: OpenGraph): Promise<Plan> {
  return new Planner(open).plan(root);
}

/** Follows the refs in results that would be loaded, then those known from earlier results. */
class Planner {
  readonly #open: OpenGraph;
  /** The graph of the target and those of refs, in order of discovery. */
  readonly #graphs: PlannedGraph[] = [];
  readonly #memory = new PreviousRefs();

  constructor(open: OpenGraph) {
    this.#open = open;
  }

  async plan(root: OpenedGraph): Promise<Plan> {
    await this.#add(root, undefined);
    // Certain nodes come first, so that they can be distinguished from conditional ones.
    for (let next = 0; next < this.#graphs.length; next++) {
      const part = this.#graphs[next]!;
      for (const index of part.drainHolders(true)) await this.#followLoaded(part, index);
    }
    let next = 0;
    do {
      for (; next < this.#graphs.length; next++) {
        const part = this.#graphs[next]!;
        for (const index of part.drainHolders(false)) await this.#followLoaded(part, index);
      }
      for (const [part, index] of this.#memory.drainDiscovered()) await this.#followRemembered(part, index);
    } while (next < this.#graphs.length);
    return this.#result();
  }

  async #add(opened: OpenedGraph, condition: string | undefined): Promise<PlannedGraph> {
    const part = await PlannedGraph.decide(opened, condition);
    this.#graphs.push(part);
    await this.#memory.load(part);
    return part;
  }

  async #followLoaded(part: PlannedGraph, index: number): Promise<void> {
    const condition = part.conditionOf(index);
    try {
      await this.#follow(part.keys.get(index), part.refsIn(index), condition);
    } catch (error) {
      if (isInstance(error, StorageError)) throw error;
      // A node that may not be needed does not fail the plan.
      if (condition !== undefined) return;
      const problem = `the saved result of ${part.graph.nodes[index]} cannot be followed: ${describeError(error)}`;
      throw new TidemarkError(problem, { cause: error });
    }
  }

  /** Follows the refs that a task to run returned last time. */
  async #followRemembered(part: PlannedGraph, index: number): Promise<void> {
    const key = part.keys.get(index);
    const structure = this.#memory.refsIn(key);
    if (structure === undefined) return;
    const condition = part.conditionOf(index) ?? `if ${part.graph.nodes[index]} names what it named last time`;
    try {
      await this.#follow(key, structure, condition);
    } catch (error) {
      if (isInstance(error, StorageError)) throw error;
      // The code has changed since.
    }
  }

  async #follow(key: TaskKey, structure: unknown, condition: string | undefined): Promise<void> {
    if (this.#memory.isNamed(key)) return;
    this.#memory.recordRefs(key, await this.#add(await this.#open(structure), condition));
  }

  #result(): Plan {
    const nodes = this.#graphs.length === 1 ? this.#only(this.#graphs[0]!) : this.#most();
    const counts = { run: 0, load: 0, unknown: 0, 'not-needed': 0 };
    for (const { action } of nodes) counts[action]++;
    return Object.freeze({
      nodes: Object.freeze(nodes),
      toRun: counts.run,
      toLoad: counts.load,
      unknown: counts.unknown,
    });
  }

  /** The nodes of a plan with a single graph. */
  #only(part: PlannedGraph): PlannedNode[] {
    const nodes: PlannedNode[] = [];
    for (const index of part.graph.order) nodes.push(this.#planned(part, index));
    return nodes;
  }

  /** The nodes of all graphs, each with its most certain action. */
  #most(): PlannedNode[] {
    const planned = new Map<TaskKey, PlannedNode>();
    for (const part of this.#graphs.reverse()) {
      for (const index of part.graph.order) {
        const key = part.keys.get(index);
        const before = planned.get(key);
        if (!before || certainty[before.action] < certainty[part.actionOf(index)])
          planned.set(key, this.#planned(part, index));
      }
    }
    return [...planned.values()];
  }

  #planned(part: PlannedGraph, index: number): PlannedNode {
    const { graph, keys } = part;
    const node = graph.nodes[index]!;
    const key = keys.get(index);
    const requires = Array.from(graph.requirementsOf(index), (required) => keys.get(required));
    const names = this.#memory.namesOf(key);
    const isNaming = names && (names.length > 0 || part.states.isToRun(index));
    const info = { key, task: node.task.name, params: publicParams(node), requires, ...(isNaming && { names }) };
    const action = part.actionOf(index);
    switch (action) {
      case 'load':
        return { ...info, action, seconds: part.secondsOf(index) };
      case 'run':
        return { ...info, action, why: part.whyOf(index) };
      case 'unknown': {
        const likely = part.states.isToRun(index) ? 'run' : 'load';
        return { ...info, action, why: part.conditionOf(index)!, likely };
      }
      case 'not-needed':
        return { ...info, action };
      default:
        return action satisfies never;
    }
  }
}

/** The rank of actions for a key in several graphs: the most certain one counts. */
const certainty: Readonly<Record<PlannedNode['action'], number>> = { 'not-needed': 0, unknown: 1, load: 2, run: 2 };
