import type { Awaitable } from '../base/awaitable';
import type { TaskContext } from './context';
import { assertLegacyDecorator, assertOnClass, declarationOf } from './declaration';
import { DeclarationError } from './errors';
import type { TaskOptions } from './options';
import type { OutputOf, ParamsOf, ProducesDoesNotFit, ServicesDoNotFit } from './output';
import { TaskRef } from './ref';
import { registerTask } from './registry';
import type { RunnableTask, TaskClass } from './task-class';
import { ownInjector, registerInTypedi } from './typedi';

/** The optional methods of a task, checked against the result of `run`. */
interface TaskMethods<Out> extends RunnableTask {
  run(context: TaskContext): unknown;
  fingerprint?(): Awaitable<string>;
  restore?(context: TaskContext): Awaitable<Out | undefined>;
  checkpoint?(result: Out, context: TaskContext): Awaitable<void>;
}

type Instances<S> = S extends readonly unknown[]
  ? { -readonly [I in keyof S]: S[I] extends abstract new (...args: any[]) => infer V ? V : never }
  : never;
type CanBeTask<T, Self, Produces, S, A> = [T] extends [Self]
  ? [OutputOf<T>] extends [Produces]
    ? [T] extends [TaskMethods<OutputOf<T>>]
      ? [S] extends [never]
        ? TaskClass<T & RunnableTask>
        : Instances<S> extends A
          ? TaskClass<T & RunnableTask>
          : ServicesDoNotFit<Instances<S>, A>
      : TaskClass<T & TaskMethods<OutputOf<T>>>
    : ProducesDoesNotFit<Produces, OutputOf<T>>
  : TaskClass<Self & RunnableTask>;
type ServiceClass = abstract new (...args: any[]) => unknown;

/**
 * Makes a class a task. It has a method `run(context)`; its properties are params and requirements.
 *
 * The optional method `fingerprint()` returns the state of something outside, such as a file or a table, which becomes
 * part of the key. It sees only the params.
 *
 * The optional methods `restore(context)` and `checkpoint(result, context)` persist results in the task's own way, with
 * or without `save`. `restore` is called first: unless it returns undefined, its result is used and no requirement
 * runs. `checkpoint` is called with each computed result. Both see only the params; their errors are reported, and the
 * run continues.
 *
 * @param options `services` lists the classes of the constructor parameters, for compilers that emit no types
 * @example
 * ```ts
 * @Task({ save: true })
 * class CountWords {
 *   @Param() text!: string;
 *   run() { return this.text.split(' ').length; }
 * }
 * ```
 */
export function Task<Self = any, Produces = unknown, const S extends readonly ServiceClass[] = never>(
  options?: TaskOptions<Self, Produces> & { readonly services?: S },
): <T extends RunnableTask, A extends any[]>(
  cls: (new (...services: A) => T) & CanBeTask<T, Self, Produces, S, A>,
) => void;
export function Task(...args: unknown[]): any {
  assertLegacyDecorator('@Task', args);
  const given = (args[0] ?? {}) as (TaskOptions & { readonly services?: readonly ServiceClass[] }) | Function;
  if (typeof given === 'function') throw new DeclarationError(`write @Task() with parentheses (on ${given.name})`);
  const { services, ...options } = given;
  return (...at: unknown[]): void => {
    assertOnClass('@Task()', at);
    const cls = at[0] as TaskClass;
    if (typeof cls.prototype.run !== 'function')
      throw new DeclarationError(`${cls.name} has no method run(), which a task needs`);
    const declaration = declarationOf(cls);
    declaration.task = Object.freeze(options);
    declaration.injector = ownInjector;
    // The metadata that typedi and most other containers read.
    if (services) Reflect.defineMetadata('design:paramtypes', [...services], cls);
    registerInTypedi(cls);
    registerTask(cls, options.produces);
  };
}

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
      `task(${String(cls)}) requires a task class. With circular imports a class may not be initialised yet: call task() in a function that runs later`,
    );
  }
  // Copied, so that later changes to the object do not change the ref.
  return TaskRef.create(cls, params === undefined ? noParams : { ...params }) as TaskRef<OutputOf<T>>;
}
