import { andThen, isPromiseLike } from '../base/awaitable';
import { makeInstance, setParams } from '../graph/task-instance';
import type { Executor, Job } from './executor';

/**
 * Runs tasks in this thread. Those that wait for something run side by side; those that compute, one after the other.
 *
 * @example
 * new Runner({ executor: inline() }); // the default
 */
export function inline(): Executor {
  return { name: 'inline', execute };
}

function execute(job: Job): unknown {
  const instance = makeInstance(job.node.task, job.container);
  return isPromiseLike(instance)
    ? andThen(instance, (made) => run(made as Instance, job))
    : run(instance as Instance, job);
}

type Instance = Record<string, unknown> & { run?(context: Job['context']): unknown };

/** Params first, then requirements. */
function run(instance: Instance, { node, requirements, context }: Job): unknown {
  setParams(instance, node);
  const declared = node.task.requirements;
  for (let i = 0; i < declared.length; i++) instance[declared[i]!.property] = requirements[i];
  return instance.run!(context);
}
