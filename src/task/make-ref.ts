import { DeclarationError } from './declaration-error';
import type { OutputOf, ParamsOf } from './output';
import { TaskRef } from './ref';
import type { RunnableTask, TaskClass } from './task-class';

const noParams = Object.freeze({});

/**
 * A ref to a task: its class and params. Runs nothing.
 *
 * @param cls a class with `@Task()`
 * @param params its params; omitted ones take their defaults
 * @throws {DeclarationError} if `cls` is not a class (with circular imports it may be undefined)
 * @example
 * const refs = [1, 2, 3].map((seed) => task(TrainModel, { path: 'penguins.csv', seed }));
 * const models = await runner.run(refs);
 */
export function task<T extends RunnableTask>(cls: TaskClass<T>, params?: ParamsOf<T>): TaskRef<OutputOf<T>> {
  if (typeof cls !== 'function') {
    throw new DeclarationError(
      `task(${String(cls)}) needs a task class. In files that import each other a class may not be there yet: call task() in a function that runs later`,
    );
  }
  // Copied, so that later changes to the object do not change the ref.
  return TaskRef.of(cls, params === undefined ? noParams : { ...params }) as TaskRef<OutputOf<T>>;
}
