import { downstreamOf, type Graph } from '../graph/graph';
import type { NodeKeys } from '../graph/key';
import type { TaskKey } from '../task/context';
import { definitionOf, type TaskDefinition } from '../task/definition';
import type { RunOptions } from './options';

/** What a run computes anew whatever is saved: everything, or some tasks and what comes from them; each once. */
export class ForceSet {
  readonly #tasks: 'all' | ReadonlySet<TaskDefinition>;
  /** What was saved in this run, which is as new as it can be. */
  readonly #renewed = new Set<TaskKey>();

  private constructor(tasks: 'all' | ReadonlySet<TaskDefinition>) {
    this.#tasks = tasks;
  }

  /** Undefined when nothing is forced. @throws {DeclarationError} when one of the classes is no task */
  static from(force: RunOptions['force']): ForceSet | undefined {
    if (force === undefined || force === false) return undefined;
    return new ForceSet(force === true ? 'all' : new Set(force.map(definitionOf)));
  }

  /** A result was computed and saved. */
  markRenewed(key: TaskKey): void {
    this.#renewed.add(key);
  }

  isRenewed(key: TaskKey): boolean {
    return this.#renewed.has(key);
  }

  /** Which nodes of a graph are still to be computed. */
  matcherFor(graph: Graph, keys: NodeKeys): (index: number) => boolean {
    const tasks = this.#tasks;
    const isMeant = tasks === 'all' ? () => true : downstreamOf(graph, (index) => tasks.has(graph.nodes[index]!.task));
    return (index) => isMeant(index) && !(this.#renewed.size > 0 && this.#renewed.has(keys.get(index)));
  }

  /** The first of the tasks in a graph that are computed anew. */
  firstTaskIn(graph: Graph): TaskDefinition | undefined {
    const tasks = this.#tasks;
    return graph.tasks.find((task) => tasks === 'all' || tasks.has(task));
  }
}
