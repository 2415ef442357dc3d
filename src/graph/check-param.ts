import { matchesTypes, showTypes, type TypeNames, typeNameOf } from '../task/data';
import type { ParamDefinition, TaskDefinition } from '../task/definition';
import { DeclarationError, ParamError } from '../task/errors';
import type { ValidationResult } from '../task/schema';
import { canonicalParam, canonicalString, refByContent } from './canonical';
import type { DataCopy } from './frozen-copies';
import {
  copyIfData,
  copyParam,
  invalidParamError,
  type ParamDefault,
  type SchemaResults,
  showParam,
  textIfData,
  valueUnlessSecret,
} from './param-values';

/** The types that a param takes. */
interface ExpectedTypes {
  readonly names: TypeNames;
  /** Whether only its default tells them. */
  readonly isByDefault: boolean;
}

/** A param as it is looked at for each node: what can be known before is. */
export interface ParamSlot {
  readonly param: ParamDefinition;
  readonly name: string;
  /** The name as canonical text. */
  readonly text: string;
  /** Undefined when any value may be taken, or a schema decides. */
  readonly expected: ExpectedTypes | undefined;
  /** The `typeof` that a value needs to be taken as it is, any when undefined; null when it must be looked at. */
  readonly plainType: string | null | undefined;
  /** What it is when it is not given; undefined without a default. */
  readonly fallback: (CheckedParam & { readonly writtenText: string | undefined }) | undefined;
  /** The canonical text when it is not given; undefined when that must be looked at. */
  readonly fallbackText: string | undefined;
}

/** A param of a node. */
export interface CheckedParam {
  readonly copy: DataCopy;
  /** What was given, before its schema; undefined when nothing was. */
  readonly given: unknown;
  /** The canonical text of the value, when it is known. */
  readonly text: string | undefined;
}

/** A value that the schema of the requiring task put in for a param that was not given. */
export class SchemaDefault {
  constructor(
    readonly value: unknown,
    /** The name of the requiring task. */
    readonly by: string,
  ) {}
}

/** @param handsOn whether the task hands params on, so that it counts what they were before their schemas */
export function toParamSlot(param: ParamDefinition, fallback: ParamDefault | undefined, handsOn: boolean): ParamSlot {
  const { name, schema } = param;
  const text = canonicalString(name);
  const expected = schema ? undefined : expectedTypes(param, fallback);
  const fallbackText = !fallback || fallback.copy.refs.length > 0 ? undefined : canonicalParam(fallback.copy.value);
  const isLookedAt = fallback
    ? fallback.copy.hasMutableParts || fallbackText === undefined || (handsOn && fallback.declaredText !== fallbackText)
    : !param.optional;
  return {
    param,
    name,
    text,
    expected,
    plainType: schema ? null : plainTypeOf(expected?.names),
    fallback: fallback && {
      copy: fallback.copy,
      given: undefined,
      text: fallbackText,
      writtenText: fallback.declaredText,
    },
    fallbackText: isLookedAt ? undefined : fallback ? text + fallbackText : '',
  };
}

function expectedTypes({ types }: ParamDefinition, fallback: ParamDefault | undefined): ExpectedTypes | undefined {
  const value = fallback?.declared;
  if (types) {
    if (types.length === 0) return undefined;
    return { names: value === null ? [...types, 'null'] : types, isByDefault: false };
  }
  // null says that there is no value yet, and nothing of other values.
  const name = value === null ? undefined : typeNameOf(value);
  return name === undefined ? undefined : { names: [name], isByDefault: true };
}

const plainTypes = new Set(['Number', 'String', 'Boolean']);

function plainTypeOf(names: TypeNames | undefined): string | null | undefined {
  if (names === undefined) return undefined;
  return names.length === 1 && plainTypes.has(names[0]!) ? names[0]!.toLowerCase() : null;
}

/** Whether a value can be taken as it is. */
export function isPlainParam({ plainType }: ParamSlot, value: unknown): value is number | string | boolean {
  const type = typeof value;
  return plainType === undefined ? type === 'number' || type === 'string' || type === 'boolean' : plainType === type;
}

/**
 * Checks a value that is given for a param, or undefined.
 *
 * @returns undefined when the param stays absent, `'missing'` when it may not, a promise when a schema is asynchronous:
 * ask again once it is fulfilled
 */
export function checkParam(
  task: TaskDefinition,
  slot: ParamSlot,
  value: unknown,
  answers: SchemaResults,
): CheckedParam | Promise<unknown> | 'missing' | undefined {
  const { param } = slot;
  if (value === undefined) return checkAbsent(task, slot, answers);
  if (value instanceof SchemaDefault) {
    if (param.schema) return checkSchemaDefault(task, slot, value, answers);
    return checkParam(task, slot, value.value, answers);
  }
  if (!param.schema) {
    assertType(task, slot, value);
    const copy = copyParam(task, param, value);
    return toCheckedParam(copy, copy.value);
  }
  const answer = answers.validate(task, param, value);
  if (answer instanceof Promise) return answer;
  if ('issues' in answer) throw invalidParamError(task, param, value, answer.issues);
  const copy = copyParam(task, param, answer.value);
  return toCheckedParam(copy, answer.value === value ? copy.value : copyIfData(value));
}

function toCheckedParam(copy: DataCopy, given: unknown): CheckedParam {
  return { copy, given, text: undefined };
}

function checkAbsent(
  task: TaskDefinition,
  { param }: ParamSlot,
  answers: SchemaResults,
): CheckedParam | Promise<unknown> | 'missing' | undefined {
  if (param.optional) return undefined;
  if (!param.schema) return 'missing';
  const answer = answers.validate(task, param, undefined);
  if (answer instanceof Promise) return answer;
  if ('issues' in answer) return 'missing';
  return answer.value === undefined ? undefined : toCheckedParam(copyParam(task, param, answer.value), undefined);
}

/**
 * A value that the schema of the requiring task put in. This schema must not change it again: it puts in the same by
 * itself, or leaves the value as it is.
 */
function checkSchemaDefault(
  task: TaskDefinition,
  slot: ParamSlot,
  { value, by }: SchemaDefault,
  answers: SchemaResults,
): CheckedParam | Promise<unknown> {
  const { param, fallback } = slot;
  const own = fallback ? undefined : answers.validate(task, param, undefined);
  if (own instanceof Promise) return own;
  if (own && isSameContent(own, value)) return toCheckedParam(copyParam(task, param, value), undefined);
  const again = answers.validate(task, param, value);
  if (again instanceof Promise) return again;
  if (isSameContent(again, value)) return toCheckedParam(copyParam(task, param, value), value);
  throw new DeclarationError(
    `${by} requires ${task.name}, and the schema of ${param.name} in ${by} supplies ${showParam(param, value)} by default, which the schema in ${task.name} changes. Pass it explicitly: @Requires(${task.name}, (self) => ({ ${param.name}: … }))`,
  );
}

function isSameContent(answer: ValidationResult, value: unknown): boolean {
  if (!('value' in answer)) return false;
  try {
    return canonicalParam(answer.value, refByContent) === canonicalParam(value, refByContent);
  } catch {
    return false;
  }
}

function assertType(task: TaskDefinition, { param, expected }: ParamSlot, value: unknown): void {
  if (!expected || matchesTypes(value, expected.names)) return;
  const { names, isByDefault } = expected;
  const must = `${task.name}: the param ${param.name} must be ${showTypes(names)}`;
  const problem = isByDefault
    ? `${must}, like its default, but is ${showParam(param, value)}. To allow other types, declare them: @Param({ type: … })`
    : `${must}, but is ${showParam(param, value)}`;
  throw new ParamError(problem, { task: task.name, param: param.name, ...valueUnlessSecret(param, value) });
}

/** The text of a value; undefined when it holds refs, which only the graph can name. */
export function textUnlessRefs({ value, refs }: DataCopy): string | undefined {
  return refs.length > 0 ? undefined : canonicalParam(value);
}

/**
 * What a param is handed on as, before its schema, where that is not the value itself: part of the identity of a node
 * that hands it on.
 */
export function givenTextOf(slot: ParamSlot, { given, copy }: CheckedParam, valueText: string | undefined): string {
  const isDefault = copy === slot.fallback?.copy;
  if (given === undefined && !isDefault) return `${slot.text}?`;
  const text = isDefault ? slot.fallback!.writtenText : textIfData(given);
  return text === undefined || text === valueText ? '' : slot.text + text;
}
