import { foreignCopiesRemark, shareClass } from '../base/shared-state';
import { emitWarning } from '../base/warnings';
import { registerType } from '../encoding/register-type';
import { TidemarkError } from '../error';
import { definitionOf, type TaskDefinition } from '../task/definition';
import { isTaskRef, type PartPath, TaskRef } from '../task/ref';
import { classNamed, isNewlyAmbiguous } from '../task/registry';
import type { TaskClass } from '../task/task-class';
import { type SecretHolder, StoredSecret, secretIn, storedSecret } from './stored-secret';
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

/**
 * A structure as it is saved: with refs, and refs in the params of refs, by the names of their tasks.
 *
 * @param holder the task with this result: its secrets become placeholders in refs; undefined for messages to workers,
 *   which include secrets
 * @throws {UnstorableSecretError} when the holder was not given a secret in a ref
 */
export function toStored(value: unknown, holder?: SecretHolder): unknown {
  return mapStructure(value, (part) => {
    if (!isTaskRef(part)) return part;
    const { task, params, path } = part;
    const definition = definitionOf(task);
    return new StoredRef(definition.name, storedParams(params, definition, holder), path);
  });
}

function storedParams(
  params: Readonly<Record<string, unknown>>,
  { name: task, secrets }: TaskDefinition,
  holder: SecretHolder | undefined,
): Readonly<Record<string, unknown>> {
  if (!holder || secrets.size === 0) return toStored(params, holder) as Record<string, unknown>;
  const stored: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(params)) {
    const isSecret = secrets.has(name) && value !== undefined;
    stored[name] = isSecret ? storedSecret(holder, task, name, value) : toStored(value, holder);
  }
  return stored;
}

/** How to read a stored structure. */
export interface FromStored {
  /** The class of a task, by name. @default the one that answers to it in this process */
  readonly classOf?: (task: string) => TaskClass;
  /** The params of the task with this result, or of the holder with this key: they contain the secrets of refs. */
  readonly paramsOf?: (holder: string | undefined) => Readonly<Record<string, unknown>> | undefined;
}

/**
 * The structure that was saved.
 *
 * @throws {UnknownTaskError} when no class answers to the name of a task
 * @throws {UnknownSecretError} when the params of a holder lack a secret
 */
export function fromStored(value: unknown, read: FromStored = {}): unknown {
  const { classOf = classHere, paramsOf } = read;
  return mapStructure(value, (part) => {
    if (part instanceof StoredSecret) return secretIn(paramsOf?.(part.holder) ?? {}, part);
    if (!(part instanceof StoredRef)) return part;
    const params = fromStored(part.params, read) as Record<string, unknown>;
    const ref: TaskRef<any> = TaskRef.of(classOf(part.task), params);
    return part.path.length === 0 ? ref : (ref.at as (...steps: PartPath) => unknown)(...part.path);
  });
}

function classHere(task: string): TaskClass {
  const cls = classNamed(task);
  if (cls) {
    if (isNewlyAmbiguous(task))
      emitWarning(
        `a saved result contains a ref to the task ${task}, and several classes of this process have that name: the last declared one is used. Give each its own name: @Task({ name: … })`,
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
      `it contains a ref to the task ${task}, and no class with that name is loaded: import the file that declares it${foreignCopiesRemark()}`,
    );
  }
}
