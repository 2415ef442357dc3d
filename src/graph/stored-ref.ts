import { foreignCopiesRemark, shareClass } from '../base/shared-state';
import { emitWarning } from '../base/warnings';
import { registerType } from '../encoding/register-type';
import { TidemarkError } from '../error';
import { definitionOf } from '../task/definition';
import { isTaskRef, type PartPath, TaskRef } from '../task/ref';
import { classNamed, isNewlyAmbiguous } from '../task/registry';
import type { TaskClass } from '../task/task-class';
import { mapStructure } from './structure';

/** A task ref as it is saved: its task by name. */
export class StoredRef {
  static {
    shareClass(StoredRef, 'StoredRef');
  }

  constructor(
    readonly task: string,
    readonly params: Readonly<Record<string, unknown>>,
    readonly path: PartPath,
  ) {}
}

registerType(StoredRef, {
  name: 'tidemark.TaskRef',
  encode: ({ task, params, path }) => [task, params, path],
  decode: ([task, params, path]: [string, Readonly<Record<string, unknown>>, PartPath]) =>
    new StoredRef(task, params, path),
  isImmutable: true,
});

/** A structure as it is saved: with refs, and refs in the params of refs, by the names of their tasks. */
export function toStored(value: unknown): unknown {
  return mapStructure(value, (part) => {
    if (!isTaskRef(part)) return part;
    const { task, params, path } = part;
    return new StoredRef(definitionOf(task).name, toStored(params) as Record<string, unknown>, path);
  });
}

/**
 * The structure that was saved.
 *
 * @param classOf the class of a task, by name @default the one that answers to it in this process
 * @throws {UnknownTaskError} when no class answers to the name of a task
 */
export function fromStored(value: unknown, classOf: (task: string) => TaskClass = classHere): unknown {
  return mapStructure(value, (part) => {
    if (!(part instanceof StoredRef)) return part;
    const params = fromStored(part.params, classOf) as Record<string, unknown>;
    const ref: TaskRef<any> = TaskRef.of(classOf(part.task), params);
    return part.path.length === 0 ? ref : (ref.at as (...steps: PartPath) => unknown)(...part.path);
  });
}

function classHere(task: string): TaskClass {
  const cls = classNamed(task);
  if (cls) {
    if (isNewlyAmbiguous(task))
      emitWarning(
        `a saved result holds a ref to the task ${task}, and several classes of this process are called so: the one that was declared last is taken. Give each a name of its own: @Task({ name: … })`,
      );
    return cls;
  }
  throw new UnknownTaskError(task);
}

/** A saved result names a task whose class is not here. */
export class UnknownTaskError extends TidemarkError {
  static {
    shareClass(UnknownTaskError, 'UnknownTaskError');
  }

  constructor(task: string) {
    super(
      `it holds a ref to the task ${task}, and no class of that name is here: import the file that declares it${foreignCopiesRemark()}`,
    );
  }
}
