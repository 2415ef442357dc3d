import { isPromiseLike } from '../base/awaitable';
import type { Graph } from '../graph/graph';
import { makeInstance, setParams, trapRequirements } from '../graph/task-instance';
import type { Container } from '../task/container';
import type { TaskContext } from '../task/context';
import type { Instance } from '../task/task-class';
import type { RunScope } from './async-context';
import type { OpenCall } from './open-calls';
import type { Outcome } from './outcome';
import type { Reporter } from './reporter';

/** A task's own ways to get its result from somewhere and to put it there. */
interface HookMethods {
  restore?(context: TaskContext): unknown;
  checkpoint?(result: unknown, context: TaskContext): unknown;
}

/** Calls the `restore` and `checkpoint` methods of tasks; what they throw is reported and does no harm. */
export class TaskHooks {
  readonly #options: {
    readonly graph: Graph;
    readonly container: Container;
    readonly reporter: Reporter;
    readonly contextOf: (index: number) => TaskContext;
    readonly scope: RunScope;
    readonly call: OpenCall;
  };

  constructor(options: {
    graph: Graph;
    container: Container;
    reporter: Reporter;
    contextOf: (index: number) => TaskContext;
    scope: RunScope;
    call: OpenCall;
  }) {
    this.#options = options;
  }

  /** The result that a task restores; undefined when it has none, or failed to. */
  async restore(index: number): Promise<Outcome | undefined> {
    const value = await this.#call(index, 'restore', (task, context) => task.restore!(context));
    return value === undefined ? undefined : { value };
  }

  /** Hands a fresh result to its task. */
  async checkpoint(index: number, result: unknown): Promise<void> {
    await this.#call(index, 'checkpoint', (task, context) => task.checkpoint!(result, context));
  }

  async #call(
    index: number,
    hook: 'restore' | 'checkpoint',
    call: (task: HookMethods, context: TaskContext) => unknown,
  ): Promise<unknown> {
    const { graph, container, reporter, contextOf, scope, call: openCall } = this.#options;
    const node = graph.nodes[index]!;
    const run = async () => {
      const made = makeInstance(node.task, container);
      const instance = trapRequirements(node.task, isPromiseLike(made) ? await made : (made as Instance));
      setParams(instance, node);
      return call(instance as HookMethods, contextOf(index));
    };
    try {
      return await openCall.waitFor(() => `${hook}() of ${node}`, scope.enter(run));
    } catch (error) {
      reporter.hookFailed(index, hook, error);
      return undefined;
    }
  }
}
