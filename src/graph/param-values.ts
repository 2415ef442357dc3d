import { type Awaitable, isPromiseLike } from '../base/awaitable';
import { describeError, explainError, isInstance } from '../base/describe-error';
import { TidemarkError } from '../base/error';
import { showValue } from '../base/show';
import { NotDataError } from '../task/data';
import type { ParamDefinition, TaskDefinition } from '../task/definition';
import { DeclarationError, ParamError } from '../task/errors';
import { isTaskRef } from '../task/ref';
import { type ValidationResult, validateWith } from '../task/schema';
import type { Instance } from '../task/task-class';
import { canonicalParam, refByContent } from './canonical';
import { copyData, expireCopies } from './copy-data';
import type { DataCopy } from './frozen-copies';

/** What a param's schema says of a value. */
function validateParam(task: TaskDefinition, param: ParamDefinition, value: unknown): Awaitable<ValidationResult> {
  const fail = (error: unknown): never => {
    throw new DeclarationError(
      `${task.name}: the schema of the param ${param.name} failed: ${withoutSecret(param, value, explainError(error))}`,
      param.secret ? undefined : { cause: error },
    );
  };
  try {
    const answer = validateWith(param.schema!, value);
    return isPromiseLike(answer) ? answer.then(undefined, fail) : answer;
  } catch (error) {
    return fail(error);
  }
}

/** A param's value as nodes keep it. */
export function copyParam(task: TaskDefinition, param: ParamDefinition, value: unknown): DataCopy {
  try {
    return copyData(value, `params.${param.name}`);
  } catch (error) {
    const isNoData = isInstance(error, NotDataError);
    // Something of another copy of this package, which says so.
    if (!isNoData && isInstance(error, TidemarkError)) throw error;
    const problem = isNoData
      ? param.secret
        ? `params.${param.name} ${error.problem}`
        : error.message
      : `params.${param.name} cannot be read: ${withoutSecret(param, value, describeError(error))}`;
    throw new ParamError(`${task.name}: ${problem}`, {
      task: task.name,
      param: param.name,
      ...valueUnlessSecret(param, value),
    });
  }
}

/** The error that a schema's refusal becomes. */
export function invalidParamError(
  task: TaskDefinition,
  param: ParamDefinition,
  value: unknown,
  issues: readonly string[],
): ParamError {
  return new ParamError(
    `${task.name}: the param ${param.name} is ${showParam(param, value)}, which its schema rejects: ${issues.map((issue) => withoutSecret(param, value, issue)).join('; ')}`,
    {
      task: task.name,
      param: param.name,
      ...valueUnlessSecret(param, value),
    },
  );
}

/** A param's value in messages. */
export function showParam(param: ParamDefinition, value: unknown): string {
  return param.secret ? 'a secret value' : showValue(value);
}

/** A param's value as a field of errors. */
export function valueUnlessSecret(param: ParamDefinition, value: unknown): { readonly value?: unknown } {
  return param.secret ? {} : { value };
}

/** What a schema said; some repeat the value. */
function withoutSecret(param: ParamDefinition, value: unknown, issue: string): string {
  if (!param.secret) return issue;
  return typeof value === 'string' && value !== ''
    ? issue.replaceAll(value, '(secret)')
    : '(omitted: it may contain the secret)';
}

/** Asks the schemas of params, and keeps the answers of those that are asynchronous. */
export class SchemaResults {
  /** By param and value. */
  readonly #results = new Map<string, ValidationResult>();

  /** @returns a promise when the schema is asynchronous: ask again once it is fulfilled */
  validate(task: TaskDefinition, param: ParamDefinition, value: unknown): ValidationResult | Promise<unknown> {
    const answers = this.#results;
    const question = answers.size > 0 ? resultKey(task, param, value) : '';
    const known = answers.get(question);
    if (known) return known;
    const answer = validateParam(task, param, value);
    expireCopies();
    if (!isPromiseLike(answer)) return answer;
    const name = question || resultKey(task, param, value);
    return (answer as Promise<ValidationResult>).then((checked) => answers.set(name, checked));
  }
}

function resultKey(task: TaskDefinition, param: ParamDefinition, value: unknown): string {
  return `${task.name}.${param.name} ${canonicalParam(value, refById)}`;
}

const refIds = new WeakMap<object, number>();
let lastRefId = 0;

/** Tells ref objects apart: those that hold each other may be nested deep. */
function refById(value: object): string | undefined {
  if (!isTaskRef(value)) return undefined;
  let id = refIds.get(value);
  if (id === undefined) refIds.set(value, (id = ++lastRefId));
  return `@${id};`;
}

/** The default of a param in one run. */
export interface ParamDefault {
  /** The default of the class, before its schema; frozen when it is data. */
  readonly declared: unknown;
  /** Its content as text; undefined when it is not data. */
  readonly declaredText: string | undefined;
  /** What its schema made of it. */
  readonly copy: DataCopy;
}

export type ParamDefaults = ReadonlyMap<string, ParamDefault>;

/** The defaults of a task's params, as an instance has them whose params were not set. */
export function readDefaults(task: TaskDefinition, instance: Instance): Awaitable<ParamDefaults> {
  const defaults = new Map<string, ParamDefault>();
  const pending: Promise<unknown>[] = [];
  const read = (param: ParamDefinition) => {
    const value = instance[param.name];
    // A property called like one that all objects have may not be there yet.
    if (value === undefined || value === (Object.prototype as unknown as Instance)[param.name]) return;
    if (Number.isNaN(value)) {
      throw new DeclarationError(
        `the default of ${task.name}.${param.name} is NaN: initialisers see only the defaults of other params; derive values from params in a getter`,
      );
    }
    if (!param.schema) {
      const copy = copyParam(task, param, value);
      defaults.set(param.name, { declared: copy.value, declaredText: textIfData(copy.value), copy });
      return;
    }
    const answer = validateParam(task, param, value);
    const take = (checked: ValidationResult) => void defaults.set(param.name, toDefault(task, param, value, checked));
    if (isPromiseLike(answer)) pending.push((answer as Promise<ValidationResult>).then(take));
    else take(answer as ValidationResult);
  };
  try {
    for (const param of task.params) read(param);
  } catch (error) {
    // One error is enough: schemas that are still asked report none of their own.
    for (const one of pending) one.catch(() => undefined);
    throw error;
  }
  return pending.length > 0 ? Promise.all(pending).then(() => defaults) : defaults;
}

function toDefault(
  task: TaskDefinition,
  param: ParamDefinition,
  value: unknown,
  checked: ValidationResult,
): ParamDefault {
  if ('issues' in checked) throw invalidParamError(task, param, value, checked.issues);
  const copy = copyParam(task, param, checked.value);
  const written = checked.value === value ? copy.value : copyIfData(value);
  return { declared: written, declaredText: textIfData(written), copy };
}

export function isData(value: unknown): boolean {
  return textIfData(value) !== undefined;
}

/** A frozen copy of the value for a schema; a value other than data stays as it is. */
export function copyIfData(value: unknown): unknown {
  try {
    return copyData(value, '').value;
  } catch (error) {
    if (error instanceof NotDataError) return value;
    throw error;
  }
}

/** The content of a value as text; undefined when it is not data. */
export function textIfData(value: unknown): string | undefined {
  try {
    return canonicalParam(value, refByContent);
  } catch (error) {
    if (error instanceof DeclarationError) return undefined;
    throw error;
  }
}
