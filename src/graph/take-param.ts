import { DeclarationError, ParamError } from '../task/declaration-error';
import type { TaskDefinition } from '../task/definition';
import { fitsTypes, showTypes } from '../task/param-type';
import type { Checked } from '../task/schema';
import { paramText, refByContent } from './canonical';
import type { DataCopy } from './copies';
import { copyIfData, textIfData } from './param-defaults';
import { FilledIn, type ParamSlot, type TakenParam } from './param-slot';
import { copyParam, refused, shown, unlessSecret } from './param-value';
import type { SchemaAnswers } from './schema-answers';

/**
 * Checks a value that is given for a param, or undefined.
 *
 * @returns undefined when the param stays absent, `'missing'` when it may not, a promise when a schema is asynchronous:
 * ask again once it is fulfilled
 */
export function takeParam(
  task: TaskDefinition,
  slot: ParamSlot,
  value: unknown,
  answers: SchemaAnswers,
): TakenParam | Promise<unknown> | 'missing' | undefined {
  const { param } = slot;
  if (value === undefined) return takeAbsent(task, slot, answers);
  if (value instanceof FilledIn) {
    if (param.schema) return takeFilledIn(task, slot, value, answers);
    return takeParam(task, slot, value.value, answers);
  }
  if (!param.schema) {
    refuseOtherType(task, slot, value);
    const copy = copyParam(task, param, value);
    return taken(copy, copy.value);
  }
  const answer = answers.ask(task, param, value);
  if (answer instanceof Promise) return answer;
  if ('issues' in answer) throw refused(task, param, value, answer.issues);
  const copy = copyParam(task, param, answer.value);
  return taken(copy, answer.value === value ? copy.value : copyIfData(value));
}

function taken(copy: DataCopy, given: unknown): TakenParam {
  return { copy, given, text: undefined };
}

function takeAbsent(
  task: TaskDefinition,
  { param }: ParamSlot,
  answers: SchemaAnswers,
): TakenParam | Promise<unknown> | 'missing' | undefined {
  if (param.optional) return undefined;
  if (!param.schema) return 'missing';
  const answer = answers.ask(task, param, undefined);
  if (answer instanceof Promise) return answer;
  if ('issues' in answer) return 'missing';
  return answer.value === undefined ? undefined : taken(copyParam(task, param, answer.value), undefined);
}

/**
 * A value that the schema of the requiring task put in. This schema must not change it again: it puts in the same by
 * itself, or leaves the value as it is.
 */
function takeFilledIn(
  task: TaskDefinition,
  slot: ParamSlot,
  { value, by }: FilledIn,
  answers: SchemaAnswers,
): TakenParam | Promise<unknown> {
  const { param, absent } = slot;
  const own = absent ? undefined : answers.ask(task, param, undefined);
  if (own instanceof Promise) return own;
  if (own && isSame(own, value)) return taken(copyParam(task, param, value), undefined);
  const again = answers.ask(task, param, value);
  if (again instanceof Promise) return again;
  if (isSame(again, value)) return taken(copyParam(task, param, value), value);
  throw new DeclarationError(
    `${by} requires ${task.name}, and the schema of ${param.name} in ${by} supplies ${shown(param, value)} by default, which the schema in ${task.name} changes. Pass it explicitly: @Requires(${task.name}, (self) => ({ ${param.name}: … }))`,
  );
}

function isSame(answer: Checked, value: unknown): boolean {
  if (!('value' in answer)) return false;
  try {
    return paramText(answer.value, refByContent) === paramText(value, refByContent);
  } catch {
    return false;
  }
}

function refuseOtherType(task: TaskDefinition, { param, expected }: ParamSlot, value: unknown): void {
  if (!expected || fitsTypes(value, expected.names)) return;
  const { names, isByDefault } = expected;
  const must = `${task.name}: the param ${param.name} must be ${showTypes(names)}`;
  const problem = isByDefault
    ? `${must}, like its default, but is ${shown(param, value)}. To allow other types, declare them: @Param({ type: … })`
    : `${must}, but is ${shown(param, value)}`;
  throw new ParamError(problem, { task: task.name, param: param.name, ...unlessSecret(param, value) });
}

/** The text of a value; undefined when it holds refs, which only the graph can name. */
export function textUnlessRefs({ value, refs }: DataCopy): string | undefined {
  return refs.length > 0 ? undefined : paramText(value);
}

/**
 * What a param is handed on as, before its schema, where that is not the value itself: part of the identity of a node
 * that hands it on.
 */
export function handedOnText(slot: ParamSlot, { given, copy }: TakenParam, valueText: string | undefined): string {
  const isDefault = copy === slot.absent?.copy;
  if (given === undefined && !isDefault) return `${slot.text}?`;
  const text = isDefault ? slot.absent!.writtenText : textIfData(given);
  return text === undefined || text === valueText ? '' : slot.text + text;
}
