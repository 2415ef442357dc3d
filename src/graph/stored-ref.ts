import { TidemarkError } from '../base/error';
import { foreignCopiesRemark, shareClass } from '../base/shared-state';
import { emitWarning } from '../base/warnings';
import { registerType } from '../encoding/register-type';
import type { TaskKey } from '../task/context';
import { isPlainObject } from '../task/data';
import { definitionOf, type TaskDefinition } from '../task/definition';
import { isTaskRef, type PartPath, TaskRef } from '../task/ref';
import { claimAmbiguity, findTaskClass } from '../task/registry';
import type { TaskClass } from '../task/task-class';
import { isSameData } from './frozen-copies';
import { mapStructure } from './structure';

type Params = Readonly<Record<string, unknown>>;

/** A task whose result contains refs. */
export interface SecretHolder {
  readonly task: TaskDefinition;
  /** Its params: the secrets among them are not stored. */
  readonly params: Params;
  /** Its key, for refs that are stored outside of its own result. */
  readonly key?: TaskKey | undefined;
}

/** Steps into a ref: its params. */
const intoRef = 'params';

/** The placeholder of a secret param in a stored ref: the path to the same value among the params of the ref's holder. */
class StoredSecret {
  static {
    shareClass(StoredSecret, 'StoredSecret');
  }

  constructor(
    readonly steps: PartPath,
    /** The key of the ref's holder; undefined for the result that contains the placeholder. */
    readonly holder: string | undefined,
  ) {}

  toJSON(): string {
    return '(secret)';
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '(secret)';
  }
}

registerType(StoredSecret, {
  name: 'tidemark.Secret',
  encode: ({ steps, holder }) => [steps, holder ?? null],
  decode: ([steps, holder]: [PartPath, string | null]) => new StoredSecret(steps, holder ?? undefined),
  isImmutable: true,
});

/** A ref contains a secret that loading could not restore, so it is not stored. */
export class UnstorableSecretError extends TidemarkError {
  static {
    shareClass(UnstorableSecretError, 'UnstorableSecretError');
  }

  constructor(holder: string, task: string, param: string) {
    super(
      `it contains a ref to ${task} whose secret param ${param} is not one of the secrets that ${holder} was given. Secrets are not stored, so loading the result could not restore it. Pass the value to ${holder} as a secret param, @Param({ secret: true }), or let ${task} derive it or get it from a service`,
    );
  }
}

/** The params of the holder lack the secret of a stored ref. */
export class UnknownSecretError extends TidemarkError {
  static {
    shareClass(UnknownSecretError, 'UnknownSecretError');
  }

  constructor(steps: PartPath) {
    super(
      `it contains a ref with a secret that is not stored: the value of ${steps.join('.')}, which this run was not given`,
    );
  }
}

/**
 * The placeholder of a secret param of a ref.
 *
 * @throws {UnstorableSecretError} if the secret is not a param of the holder
 */
function toStoredSecret(holder: SecretHolder, task: string, param: string, value: unknown): StoredSecret {
  for (const [steps, secret] of secretsOf(holder, param)) {
    const found = stepsTo(value, secret, steps);
    if (found) return new StoredSecret(found, holder.key);
  }
  throw new UnstorableSecretError(holder.task.name, task, param);
}

/** The value that a placeholder refers to. @throws {UnknownSecretError} when the params lack it */
function resolveSecret(params: Params, { steps }: StoredSecret): unknown {
  let part: unknown = params;
  for (const step of steps) {
    if (isTaskRef(part)) part = step === intoRef ? part.params : undefined;
    else part = isOwn(part, step) ? (part as Params)[step] : undefined;
  }
  if (part !== undefined) return part;
  throw new UnknownSecretError(steps);
}

/** The path of the first secret param with a value, of a task or of a ref in its params, for messages. */
export function firstSecret(task: TaskDefinition, params: Params): string | undefined {
  const [first] = secretsOf({ task, params });
  return first && `${first[0].filter((step) => step !== intoRef).join('.')} of ${task.name}`;
}

/** The secrets in params: first those with the given name, last those of refs. */
function* secretsOf({ task, params }: SecretHolder, name?: string, at: PartPath = []): Iterable<[PartPath, unknown]> {
  const own = [...task.secrets].filter((secret) => params[secret] !== undefined);
  for (const secret of own.sort((a, b) => Number(b === name) - Number(a === name)))
    yield [[...at, secret], params[secret]];
  for (const param of Object.keys(params))
    if (!task.secrets.has(param)) yield* secretsInRefs(params[param], name, [...at, param]);
}

function* secretsInRefs(value: unknown, name: string | undefined, at: PartPath): Iterable<[PartPath, unknown]> {
  if (typeof value !== 'object' || value === null) return;
  if (isTaskRef(value)) {
    yield* secretsOf({ task: definitionOf(value.task), params: value.params }, name, [...at, intoRef]);
  } else if (Array.isArray(value) || isPlainObject(value)) {
    for (const [step, item] of Object.entries(value))
      yield* secretsInRefs(item, name, [...at, Array.isArray(value) ? Number(step) : step]);
  }
}

/** The path of a value in a secret. Entries of Maps and Sets have no path. */
function stepsTo(value: unknown, secret: unknown, at: PartPath): PartPath | undefined {
  if (isSameData(value, secret)) return at;
  if (typeof secret !== 'object' || secret === null || !(Array.isArray(secret) || isPlainObject(secret)))
    return undefined;
  for (const [step, item] of Object.entries(secret)) {
    const found = stepsTo(value, item, [...at, Array.isArray(secret) ? Number(step) : step]);
    if (found) return found;
  }
  return undefined;
}

function isOwn(part: unknown, step: string | number): boolean {
  return typeof part === 'object' && part !== null && Object.hasOwn(part, step);
}

/** A task ref in storage: its task by name. */
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
 * Converts a structure for storage: refs, and refs in their params, become `StoredRef`s.
 *
 * @param holder the task with this result: its secrets become placeholders in refs; undefined for messages to workers,
 *   which include secrets
 * @throws {UnstorableSecretError} for a secret in a ref that is not a param of the holder
 */
export function storeRefs(value: unknown, holder?: SecretHolder): unknown {
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
  if (!holder || secrets.size === 0) return storeRefs(params, holder) as Record<string, unknown>;
  const stored: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(params)) {
    const isSecret = secrets.has(name) && value !== undefined;
    stored[name] = isSecret ? toStoredSecret(holder, task, name, value) : storeRefs(value, holder);
  }
  return stored;
}

/** Options of `restoreRefs`. */
interface RestoreOptions {
  /** The class of a task, by name. @default the class with this name in this process */
  readonly classOf?: (task: string) => TaskClass;
  /** The params of the task with this result, or of the holder with this key: they contain the secrets in refs. */
  readonly paramsOf?: (holder: string | undefined) => Readonly<Record<string, unknown>> | undefined;
}

/**
 * Restores a structure from storage.
 *
 * @throws {UnknownTaskError} for a task name without a class
 * @throws {UnknownSecretError} for a secret that the params of the holder lack
 */
export function restoreRefs(value: unknown, read: RestoreOptions = {}): unknown {
  const { classOf = findClass, paramsOf } = read;
  return mapStructure(value, (part) => {
    if (part instanceof StoredSecret) return resolveSecret(paramsOf?.(part.holder) ?? {}, part);
    if (!(part instanceof StoredRef)) return part;
    const params = restoreRefs(part.params, read) as Record<string, unknown>;
    const ref: TaskRef<any> = TaskRef.create(classOf(part.task), params);
    return part.path.length === 0 ? ref : (ref.at as (...steps: PartPath) => unknown)(...part.path);
  });
}

function findClass(task: string): TaskClass {
  const cls = findTaskClass(task);
  if (cls) {
    if (claimAmbiguity(task))
      emitWarning(
        `a saved result contains a ref to the task ${task}, and several classes of this process have that name: the last declared one is used. Give each its own name: @Task({ name: … })`,
      );
    return cls;
  }
  throw new UnknownTaskError(task);
}

/** A saved result contains a ref to a task whose class is not loaded. */
class UnknownTaskError extends TidemarkError {
  static {
    shareClass(UnknownTaskError, 'UnknownTaskError');
  }

  constructor(task: string) {
    super(
      `it contains a ref to the task ${task}, and no class with that name is loaded: import the file that declares it${foreignCopiesRemark()}`,
    );
  }
}
