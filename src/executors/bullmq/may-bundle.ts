import type { Job } from '../executor';

/** What is larger than this, in bytes, goes alone. */
const largest = 16_384;

/** Whether a job may go to Redis in one with others. @param size of what it says, in bytes */
export function mayBundle({ node, context, shared }: Job, size: number): boolean {
  const { task } = node;
  // A timeout runs from when a worker begins with a task, which is not told of those in a bundle.
  if (size > largest || context.attempt > 1 || task.options.timeout !== undefined || task.hasDirectory) return false;
  // What others may want as well is computed once by a lease, where its job is not one that all share.
  return shared !== undefined && (shared.facts === undefined || shared.layers.leases !== undefined);
}
