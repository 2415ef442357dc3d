import { ownFile } from '../base/own-folder';
import type { Executor } from '../executors/executor';
import { describeBehaviours, type SuiteOptions } from './describe-behaviours';
import { type ExecutorBehaviour, executorBehaviours } from './executor-behaviours';
import { type RunOnOptions, runOn } from './run-on';

/** The file that declares the tasks of the suite, for the workers of an executor. */
export const executorTasks: string = ownFile('testing/executor-tasks') ?? '';

export interface ExecutorSuiteOptions extends SuiteOptions<ExecutorBehaviour> {
  /** The storage of a run, for executors whose workers save results themselves. @default () => 'memory:' */
  readonly storage?: () => string;
}

/**
 * Declares the tests that every executor passes.
 *
 * @param open an executor for all tests, whose workers, if it has any, know the tasks of the file `executorTasks`
 * @example
 * describeExecutor('my executor', () => myExecutor({ modules: [executorTasks] }));
 */
export function describeExecutor(
  name: string,
  open: () => Executor,
  { storage = () => 'memory:', ...options }: ExecutorSuiteOptions = {},
): void {
  let opened: Executor | undefined;
  const check = async (behaviour: ExecutorBehaviour) => {
    const executor = (opened ??= open());
    await executorBehaviours[behaviour]((target: any, how?: RunOnOptions) =>
      runOn(executor, target, { storage: storage(), ...how }),
    );
  };
  const close = () => opened?.close?.();
  describeBehaviours(`${name}, as any executor,`, executorBehaviours, check, { ...options, close });
}
