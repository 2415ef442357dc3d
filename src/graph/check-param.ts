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

/** The allowed types of a param. */
interface ExpectedTypes {
  readonly names: TypeNames;
  /** True if only the default determines them. */
  readonly isByDefault: boolean;
}

/** A param of a task, with everything that is the same for all nodes. */
export interface ParamSlot {
  readonly param: ParamDefinition;
  readonly name: string;
  /** The name as canonical text. */
  readonly text: string;
  /** Undefined if any value is allowed, or if a schema decides. */
  readonly expected: ExpectedTypes | undefined;
  /** The `typeof` of values that need no check; undefined for any primitive, null if each value must be checked. */
  readonly plainType: string | null | undefined;
  /** The default; undefined if there is none. */
  readonly fallback: (CheckedParam & { readonly declaredText: string | undefined }) | undefined;
  /** The canonical text, name included, if the param is not given; undefined if that must be checked. */
  readonly fallbackText: string | undefined;
}

/** The checked value of a param. */
export interface CheckedParam {
  readonly copy: DataCopy;
  /** The given value, before its schema; undefined if none was given. */
  readonly given: unknown;
  /** The canonical text of the value, if known. */
  readonly text: string | undefined;
}

/** A value supplied by the schema of the requiring task for a param that was not given. */
export class SchemaDefault {
  constructor(
    readonly value: unknown,
    /** The name of the requiring task. */
    readonly by: string,
  ) {}
}

/** @param passesOn true if the task passes params on, so that values before schemas matter */
export function toParamSlot(param: ParamDefinition, fallback: ParamDefault | undefined, passesOn: boolean): ParamSlot {
  const { name, schema } = param;
  const text = canonicalString(name);
  const expected = schema ? undefined : expectedTypes(param, fallback);
  const fallbackText = !fallback || fallback.copy.refs.length > 0 ? undefined : canonicalParam(fallback.copy.value);
  const isChecked = fallback
    ? fallback.copy.hasMutableParts ||
      fallbackText === undefined ||
      (passesOn && fallback.declaredText !== fallbackText)
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
      declaredText: fallback.declaredText,
    },
    fallbackText: isChecked ? undefined : fallback ? text + fallbackText : '',
  };
}

function expectedTypes({ types }: ParamDefinition, fallback: ParamDefault | undefined): ExpectedTypes | undefined {
  const value = fallback?.declared;
  if (types) {
    if (types.length === 0) return undefined;
    return { names: value === null ? [...types, 'null'] : types, isByDefault: false };
  }
  // A default of null says nothing about other values.
  const name = value === null ? undefined : typeNameOf(value);
  return name === undefined ? undefined : { names: [name], isByDefault: true };
}

const plainTypes = new Set(['Number', 'String', 'Boolean']);

function plainTypeOf(names: TypeNames | undefined): string | null | undefined {
  if (names === undefined) return undefined;
  return names.length === 1 && plainTypes.has(names[0]!) ? names[0]!.toLowerCase() : null;
}

/** True for a value that needs no check. */
export function isPlainParam({ plainType }: ParamSlot, value: unknown): value is number | string | boolean {
  const type = typeof value;
  return plainType === undefined ? type === 'number' || type === 'string' || type === 'boolean' : plainType === type;
}

/**
 * Checks the given value of a param, or undefined.
 *
 * @returns undefined if the param stays absent, `'missing'` if it is required, a promise if a schema is asynchronous:
 * call again once it is fulfilled
 */
export function checkParam(
  task: TaskDefinition,
  slot: ParamSlot,
  value: unknown,
  results: SchemaResults,
): CheckedParam | Promise<unknown> | 'missing' | undefined {
  const { param } = slot;
  if (value === undefined) return checkAbsent(task, slot, results);
  if (value instanceof SchemaDefault) {
    if (param.schema) return checkSchemaDefault(task, slot, value, results);
    return checkParam(task, slot, value.value, results);
  }
  if (!param.schema) {
    assertType(task, slot, value);
    const copy = copyParam(task, param, value);
    return toCheckedParam(copy, copy.value);
  }
  const result = results.validate(task, param, value);
  if (result instanceof Promise) return result;
  if ('issues' in result) throw invalidParamError(task, param, value, result.issues);
  const copy = copyParam(task, param, result.value);
  return toCheckedParam(copy, result.value === value ? copy.value : copyIfData(value));
}

function toCheckedParam(copy: DataCopy, given: unknown): CheckedParam {
  return { copy, given, text: undefined };
}

function checkAbsent(
  task: TaskDefinition,
  { param }: ParamSlot,
  results: SchemaResults,
): CheckedParam | Promise<unknown> | 'missing' | undefined {
  if (param.optional) return undefined;
  if (!param.schema) return 'missing';
  const result = results.validate(task, param, undefined);
  if (result instanceof Promise) return result;
  if ('issues' in result) return 'missing';
  return result.value === undefined ? undefined : toCheckedParam(copyParam(task, param, result.value), undefined);
}

/**
 * Checks a value supplied by the schema of the requiring task. The schema of this task must not change it: it either
 * supplies the same value, or accepts the value unchanged.
 */
function checkSchemaDefault(
  task: TaskDefinition,
  slot: ParamSlot,
  { value, by }: SchemaDefault,
  results: SchemaResults,
): CheckedParam | Promise<unknown> {
  const { param, fallback } = slot;
  const own = fallback ? undefined : results.validate(task, param, undefined);
  if (own instanceof Promise) return own;
  if (own && isSameContent(own, value)) return toCheckedParam(copyParam(task, param, value), undefined);
  const again = results.validate(task, param, value);
  if (again instanceof Promise) return again;
  if (isSameContent(again, value)) return toCheckedParam(copyParam(task, param, value), value);
  throw new DeclarationError(
    `${by} requires ${task.name}, and the schema of ${param.name} in ${by} supplies ${showParam(param, value)} by default, which the schema in ${task.name} changes. Pass it explicitly: @Requires(${task.name}, (self) => ({ ${param.name}: … }))`,
  );
}

function isSameContent(result: ValidationResult, value: unknown): boolean {
  if (!('value' in result)) return false;
  try {
    return canonicalParam(result.value, refByContent) === canonicalParam(value, refByContent);
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

/**
 * What a param is passed on as, before its schema, if it differs from the value itself: part of the identity of a node
 * that passes it on.
 */
export function givenTextOf(slot: ParamSlot, { given, copy, text: known }: CheckedParam): string {
  const isDefault = copy === slot.fallback?.copy;
  if (given === undefined && !isDefault) return `${slot.text}?`;
  const text = isDefault ? slot.fallback!.declaredText : textIfData(given);
  const valueText = known ?? (copy.refs.length > 0 ? undefined : canonicalParam(copy.value));
  return text === undefined || text === valueText ? '' : slot.text + text;
}
