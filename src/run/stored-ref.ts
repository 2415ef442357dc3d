import { registerType } from '../encoding/register-type';
import { TidemarkError } from '../error';
import { mapStructure } from '../graph/structure';
import { definitionOf } from '../task/definition';
import { isTaskRef, type PartPath, TaskRef } from '../task/ref';
import { classNamed } from '../task/registry';

/** A task ref as it is saved: its task by name. */
export class StoredRef {
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
 * @throws {UnknownTaskError} when no class answers to the name of a task
 */
export function fromStored(value: unknown): unknown {
  return mapStructure(value, (part) => (part instanceof StoredRef ? refOf(part) : part));
}

function refOf({ task, params, path }: StoredRef): TaskRef<unknown> {
  const cls = classNamed(task);
  if (!cls) throw new UnknownTaskError(task);
  const ref = TaskRef.of(cls, fromStored(params) as Record<string, unknown>);
  return path.length === 0 ? ref : (ref.at as (...steps: PartPath) => TaskRef<unknown>).call(ref, ...path);
}

/** A saved result names a task whose class is not here. */
export class UnknownTaskError extends TidemarkError {
  constructor(task: string) {
    super(`it holds a ref to the task ${task}, and no class of that name is here: import the file that declares it`);
  }
}
