import { type Awaitable, isPromiseLike } from '../awaitable';
import { describeError, explainError, isInstance } from '../base/describe-error';
import { TidemarkError } from '../error';
import { NotDataError } from '../task/data';
import { DeclarationError, ParamError } from '../task/declaration-error';
import type { ParamDefinition, TaskDefinition } from '../task/definition';
import { type Checked, check } from '../task/schema';
import { showValue } from '../task/show';
import type { DataCopy } from './copies';
import { copyData } from './copy-data';

/** What a param's schema says of a value. */
export function askSchema(task: TaskDefinition, param: ParamDefinition, value: unknown): Awaitable<Checked> {
  const fail = (error: unknown): never => {
    throw new DeclarationError(
      `${task.name}: the schema of the param ${param.name} failed: ${withoutSecret(param, value, explainError(error))}`,
      param.secret ? undefined : { cause: error },
    );
  };
  try {
    const answer = check(param.schema!, value);
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
      ...unlessSecret(param, value),
    });
  }
}

/** The error that a schema's refusal becomes. */
export function refused(
  task: TaskDefinition,
  param: ParamDefinition,
  value: unknown,
  issues: readonly string[],
): ParamError {
  return new ParamError(
    `${task.name}: the param ${param.name} is ${shown(param, value)}, which its schema rejects: ${issues.map((issue) => withoutSecret(param, value, issue)).join('; ')}`,
    {
      task: task.name,
      param: param.name,
      ...unlessSecret(param, value),
    },
  );
}

/** A param's value in messages. */
export function shown(param: ParamDefinition, value: unknown): string {
  return param.secret ? 'a secret value' : showValue(value);
}

/** A param's value as a field of errors. */
export function unlessSecret(param: ParamDefinition, value: unknown): { readonly value?: unknown } {
  return param.secret ? {} : { value };
}

/** What a schema said; some repeat the value. */
function withoutSecret(param: ParamDefinition, value: unknown, issue: string): string {
  if (!param.secret) return issue;
  return typeof value === 'string' && value !== ''
    ? issue.replaceAll(value, '(secret)')
    : '(omitted: it may contain the secret)';
}
