import { isPromiseLike } from '../base/awaitable';
import { makeInstance, setParams, trapRequirements } from '../graph/task-instance';
import type { TaskContext } from '../task/context';
import type { Instance } from '../task/task-class';
import { AttemptContext } from './attempt';
import type { Outcome } from './node-states';
import type { RunContext, RunGraph } from './run-context';

/** The methods by which a task persists its result itself. */
interface HookMethods {
  restore?(context: TaskContext): unknown;
  checkpoint?(result: unknown, context: TaskContext): unknown;
}

/** Calls the `restore` and `checkpoint` methods of tasks; their errors are reported and do not fail the task. */
export class TaskHooks {
  readonly #run: Pick<RunContext, 'container' | 'scope' | 'call' | 'signal'>;
  readonly #graph: RunGraph;

  constructor(run: Pick<RunContext, 'container' | 'scope' | 'call' | 'signal'>, graph: RunGraph) {
    this.#run = run;
    this.#graph = graph;
  }

  /** The result that a task restores; undefined when it has none or its method fails. */
  async restore(index: number): Promise<Outcome | undefined> {
    const value = await this.#call(index, 'restore', (task, context) => task.restore!(context));
    return value === undefined ? undefined : { value };
  }

  /** Passes a computed result to its task. */
  async checkpoint(index: number, result: unknown): Promise<void> {
    await this.#call(index, 'checkpoint', (task, context) => task.checkpoint!(result, context));
  }

  async #call(
    index: number,
    hook: 'restore' | 'checkpoint',
    call: (task: HookMethods, context: TaskContext) => unknown,
  ): Promise<unknown> {
    const { container, scope, call: openCall, signal } = this.#run;
    const { graph, reporter } = this.#graph;
    const node = graph.nodes[index]!;
    const run = async () => {
      const made = makeInstance(node.task, container);
      const instance = trapRequirements(node.task, isPromiseLike(made) ? await made : (made as Instance));
      setParams(instance, node);
      return call(instance as HookMethods, new AttemptContext(node, 1, signal, reporter));
    };
    try {
      return await openCall.waitFor(() => `${hook}() of ${node}`, scope.enter(run));
    } catch (error) {
      reporter.hookFailed(index, hook, error);
      return undefined;
    }
  }
}
