import { type Awaitable, isPromiseLike, rescue } from '../base/awaitable';
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

/** Validates a value by the schema of a param. */
function validateParam(task: TaskDefinition, param: ParamDefinition, value: unknown): Awaitable<ValidationResult> {
  const fail = (error: unknown): never => {
    throw new DeclarationError(
      `${task.name}: the schema of the param ${param.name} failed: ${withoutSecret(param, value, explainError(error))}`,
      param.secret ? undefined : { cause: error },
    );
  };
  return rescue(() => validateWith(param.schema!, value), fail);
}

/** A frozen copy of a param's value. @throws {ParamError} for a value that is not data */
export function copyParam(task: TaskDefinition, param: ParamDefinition, value: unknown): DataCopy {
  try {
    return copyData(value, `params.${param.name}`);
  } catch (error) {
    const isNoData = isInstance(error, NotDataError);
    // An object of an incompatible copy of this package, whose error says so.
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

/** The error for a value that a schema rejects. */
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

/** The message of a schema, without a secret value that it may repeat. */
function withoutSecret(param: ParamDefinition, value: unknown, issue: string): string {
  if (!param.secret) return issue;
  return typeof value === 'string' && value !== ''
    ? issue.replaceAll(value, '(secret)')
    : '(omitted: it may contain the secret)';
}

/** Validates params by their schemas, and caches the results of asynchronous schemas. */
export class SchemaResults {
  /** By param and value. */
  readonly #results = new Map<string, ValidationResult>();

  /** @returns a promise if the schema is asynchronous: call again once it is fulfilled */
  validate(task: TaskDefinition, param: ParamDefinition, value: unknown): ValidationResult | Promise<unknown> {
    const results = this.#results;
    const key = results.size > 0 ? resultKey(task, param, value) : '';
    const known = results.get(key);
    if (known) return known;
    const result = validateParam(task, param, value);
    expireCopies();
    if (!isPromiseLike(result)) return result;
    const newKey = key || resultKey(task, param, value);
    return (result as Promise<ValidationResult>).then((validated) => results.set(newKey, validated));
  }
}

function resultKey(task: TaskDefinition, param: ParamDefinition, value: unknown): string {
  return `${task.name}.${param.name} ${canonicalParam(value, refById)}`;
}

const refIds = new WeakMap<object, number>();
let lastRefId = 0;

/** Distinguishes refs by identity, since nested refs may be deep. */
function refById(value: object): string | undefined {
  if (!isTaskRef(value)) return undefined;
  let id = refIds.get(value);
  if (id === undefined) refIds.set(value, (id = ++lastRefId));
  return `@${id};`;
}

/** The default of a param in one run. */
export interface ParamDefault {
  /** The default in the class, before its schema; frozen if it is data. */
  readonly declared: unknown;
  /** Its canonical text; undefined if it is not data. */
  readonly declaredText: string | undefined;
  /** The validated default. */
  readonly copy: DataCopy;
}

export type ParamDefaults = ReadonlyMap<string, ParamDefault>;

/** The defaults of a task's params, read from an instance without params set. */
export function readDefaults(task: TaskDefinition, instance: Instance): Awaitable<ParamDefaults> {
  const defaults = new Map<string, ParamDefault>();
  const pending: Promise<unknown>[] = [];
  const read = (param: ParamDefinition) => {
    const value = instance[param.name];
    // A property of Object.prototype, such as toString, is not a default.
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
    const result = validateParam(task, param, value);
    const add = (validated: ValidationResult) =>
      void defaults.set(param.name, toDefault(task, param, value, validated));
    if (isPromiseLike(result)) pending.push((result as Promise<ValidationResult>).then(add));
    else add(result as ValidationResult);
  };
  try {
    for (const param of task.params) read(param);
  } catch (error) {
    // One error is enough: ignore errors of pending validations.
    for (const one of pending) one.catch(() => undefined);
    throw error;
  }
  return pending.length > 0 ? Promise.all(pending).then(() => defaults) : defaults;
}

function toDefault(
  task: TaskDefinition,
  param: ParamDefinition,
  value: unknown,
  validated: ValidationResult,
): ParamDefault {
  if ('issues' in validated) throw invalidParamError(task, param, value, validated.issues);
  const copy = copyParam(task, param, validated.value);
  const declared = validated.value === value ? copy.value : copyIfData(value);
  return { declared, declaredText: textIfData(declared), copy };
}

export function isData(value: unknown): boolean {
  return textIfData(value) !== undefined;
}

/** A frozen copy of data; any other value unchanged. */
export function copyIfData(value: unknown): unknown {
  try {
    return copyData(value, '').value;
  } catch (error) {
    if (error instanceof NotDataError) return value;
    throw error;
  }
}

/** The canonical text of data; undefined for other values. */
export function textIfData(value: unknown): string | undefined {
  try {
    return canonicalParam(value, refByContent);
  } catch (error) {
    if (error instanceof DeclarationError) return undefined;
    throw error;
  }
}
