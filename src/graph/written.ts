import { isPromiseLike } from '../awaitable';
import { explainError, isInstance } from '../base/describe-error';
import { isPlainObject } from '../task/data';
import { DeclarationError } from '../task/declaration-error';
import type { RequirementDefinition, TaskDefinition } from '../task/definition';
import { showValue } from '../task/show';
import type { TaskClass } from '../task/task-class';
import { ownDirectory } from './node';

/** A class that is required with params handed on. */
export class Handed {
  constructor(
    readonly cls: TaskClass,
    readonly property: string,
    readonly written: Readonly<Record<string, unknown>> | undefined,
  ) {}
}

/**
 * What a requirement is written as: a structure of refs, or a class.
 *
 * @param self the planning instance, with a node's params
 * @throws {DeclarationError} when a function fails, or gives what it should not
 */
export function written(
  { name: task }: TaskDefinition,
  { property, source }: RequirementDefinition,
  self: object,
): unknown {
  try {
    switch (source.from) {
      case 'structure':
        return source.map(self);
      case 'directory':
        return ownDirectory;
      case 'class':
        return new Handed(source.cls, property, source.params && writtenParams(source.params(self), task, property));
      case 'later-class':
        return new Handed(
          laterClass(source.cls(), task, property),
          property,
          writtenParams(source.params(self), task, property),
        );
    }
  } catch (error) {
    if (isInstance(error, DeclarationError)) throw error;
    throw new DeclarationError(`the function in @Requires on ${task}.${property} failed: ${explainError(error)}`, {
      cause: error,
    });
  }
}

function writtenParams(given: unknown, task: string, property: string): Record<string, unknown> | undefined {
  if (given === undefined) return undefined;
  if (typeof given === 'object' && given !== null && isPlainObject(given)) return given as Record<string, unknown>;
  const what = isPromiseLike(given)
    ? 'a promise; it must return params synchronously'
    : `${showValue(given)}; it must return an object of params`;
  throw new DeclarationError(`the function in @Requires on ${task}.${property} returned ${what}`);
}

function laterClass(cls: unknown, task: string, property: string): TaskClass {
  if (typeof cls === 'function') return cls as TaskClass;
  throw new DeclarationError(
    `@Requires(() => …) on ${task}.${property} returned ${showValue(cls)}; it must return a task class`,
  );
}
