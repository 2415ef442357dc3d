import { DeclarationError } from './declaration-error';
import type { OutputOf, ParamsOf } from './output';
import { TaskRef } from './ref';
import type { RunnableTask, TaskClass } from './task-class';

const noParams = Object.freeze({});

/**
 * A ref to a task: which class, with which params. Nothing runs.
 *
 * @param cls a class with `@Task()`
 * @param params its params; those left out take their defaults
 * @throws {DeclarationError} when `cls` is no class (in a circle of imports it may not be there yet)
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
  // Copied, so that changing the object afterwards does not change what the ref means.
  return TaskRef.of(cls, params === undefined ? noParams : { ...params }) as TaskRef<OutputOf<T>>;
}
