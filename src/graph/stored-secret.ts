import { shareClass } from '../base/shared-state';
import { registerType } from '../encoding/register-type';
import { TidemarkError } from '../error';
import type { TaskKey } from '../task/context';
import { isPlainObject } from '../task/data';
import { definitionOf, type TaskDefinition } from '../task/definition';
import { isTaskRef, type PartPath } from '../task/ref';
import { isSameData } from './same-data';

type Params = Readonly<Record<string, unknown>>;

/** A task whose result holds refs. */
export interface SecretHolder {
  readonly task: TaskDefinition;
  /** What it was given: the secrets among these need not be stored. */
  readonly params: Params;
  /** Its key, where that does not say itself whose result it is. */
  readonly key?: TaskKey | undefined;
}

/** Steps into a ref: its params. */
const intoRef = 'params';

/** In the place of a secret param of a stored ref: where the same secret is among the params of who holds the ref. */
export class StoredSecret {
  static {
    shareClass(StoredSecret, 'StoredSecret');
  }

  constructor(
    readonly steps: PartPath,
    /** The key of who holds the ref; undefined for the result that it stands in. */
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

/** A ref holds a secret that nobody who loads it could find again: it is not stored. */
export class UnstorableSecretError extends TidemarkError {
  static {
    shareClass(UnstorableSecretError, 'UnstorableSecretError');
  }

  constructor(holder: string, task: string, param: string) {
    super(
      `the secret param ${param} of ${task}, to which the result of ${holder} holds a ref, is none of the secrets that ${holder} was given. Secrets are not stored, so whoever loaded the result could not find it again. Give ${holder} the secret as a param of its own, @Param({ secret: true }), and pass that on; or let ${task} get it from a service`,
    );
  }
}

/** A secret of a stored ref is not among what its holder was given. */
export class UnknownSecretError extends TidemarkError {
  static {
    shareClass(UnknownSecretError, 'UnknownSecretError');
  }

  constructor(steps: PartPath) {
    super(
      `it holds a ref with a secret that was not stored: it is what was given as ${steps.join('.')}, which was not given now`,
    );
  }
}

/**
 * What is stored for a secret param of a ref.
 *
 * @throws {UnstorableSecretError} when the secret is none of the holder's
 */
export function storedSecret(holder: SecretHolder, task: string, param: string, value: unknown): StoredSecret {
  for (const [steps, secret] of secretsOf(holder, param)) {
    const found = stepsTo(value, secret, steps);
    if (found) return new StoredSecret(found, holder.key);
  }
  throw new UnstorableSecretError(holder.task.name, task, param);
}

/** The secret that is meant. @throws {UnknownSecretError} when the holder was not given it */
export function secretIn(params: Params, { steps }: StoredSecret): unknown {
  let part: unknown = params;
  for (const step of steps) {
    if (isTaskRef(part)) part = step === intoRef ? part.params : undefined;
    else part = isOwn(part, step) ? (part as Params)[step] : undefined;
  }
  if (part !== undefined) return part;
  throw new UnknownSecretError(steps);
}

/** The first secret param of a task, or of a ref in its params, that has a value, for messages. */
export function firstSecret(task: TaskDefinition, params: Params): string | undefined {
  const [first] = secretsOf({ task, params });
  return first && `${first[0].filter((step) => step !== intoRef).join('.')} of ${task.name}`;
}

/** The secrets among params, one of this name first; those in refs in params last. */
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

/** Where a value is in a secret, itself included. Entries of Maps and Sets have no place of their own. */
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
