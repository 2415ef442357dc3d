import { downstreamOf, type Graph } from '../graph/graph';
import type { NodeKeys } from '../graph/key';
import type { TaskKey } from '../task/context';
import { definitionOf, type TaskDefinition } from '../task/definition';
import type { RunOptions } from './options';

/** The nodes that a run recomputes once each even if they are saved: all, or some tasks and their dependents. */
export class ForceSet {
  readonly #tasks: 'all' | ReadonlySet<TaskDefinition>;
  /** The keys that this run has recomputed and saved. */
  readonly #renewed = new Set<TaskKey>();

  private constructor(tasks: 'all' | ReadonlySet<TaskDefinition>) {
    this.#tasks = tasks;
  }

  /** Undefined when nothing is forced. @throws {DeclarationError} when one of the classes is not a task */
  static from(force: RunOptions['force']): ForceSet | undefined {
    if (force === undefined || force === false) return undefined;
    return new ForceSet(force === true ? 'all' : new Set(force.map(definitionOf)));
  }

  /** Records a result that was computed and saved. */
  markRenewed(key: TaskKey): void {
    this.#renewed.add(key);
  }

  isRenewed(key: TaskKey): boolean {
    return this.#renewed.has(key);
  }

  /** Returns a function that recognises the nodes of a graph still to be recomputed. */
  matcherFor(graph: Graph, keys: NodeKeys): (index: number) => boolean {
    const tasks = this.#tasks;
    const isForced = tasks === 'all' ? () => true : downstreamOf(graph, (index) => tasks.has(graph.nodes[index]!.task));
    return (index) => isForced(index) && !(this.#renewed.size > 0 && this.#renewed.has(keys.get(index)));
  }

  /** The first task of a graph that is recomputed. */
  firstTaskIn(graph: Graph): TaskDefinition | undefined {
    const tasks = this.#tasks;
    return graph.tasks.find((task) => tasks === 'all' || tasks.has(task));
  }
}
