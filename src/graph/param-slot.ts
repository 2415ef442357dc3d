import type { ParamDefinition } from '../task/definition';
import { type TypeNames, typeNameOf } from '../task/param-type';
import { canonicalString, paramText } from './canonical';
import type { DataCopy } from './copies';
import type { ParamDefault } from './param-defaults';

/** The types that a param takes. */
export interface ExpectedTypes {
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
  readonly absent: (TakenParam & { readonly writtenText: string | undefined }) | undefined;
  /** The canonical text when it is not given; undefined when that must be looked at. */
  readonly absentText: string | undefined;
}

/** A param of a node. */
export interface TakenParam {
  readonly copy: DataCopy;
  /** What was given, before its schema; undefined when nothing was. */
  readonly given: unknown;
  /** The canonical text of the value, when it is known. */
  readonly text: string | undefined;
}

/** A value that the schema of the requiring task put in for a param that was not given. */
export class FilledIn {
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
  const fallbackText = !fallback || fallback.copy.refs.length > 0 ? undefined : paramText(fallback.copy.value);
  const isLookedAt = fallback
    ? fallback.copy.thaws || fallbackText === undefined || (handsOn && fallback.writtenText !== fallbackText)
    : !param.optional;
  return {
    param,
    name,
    text,
    expected,
    plainType: schema ? null : plainTypeOf(expected?.names),
    absent: fallback && {
      copy: fallback.copy,
      given: undefined,
      text: fallbackText,
      writtenText: fallback.writtenText,
    },
    absentText: isLookedAt ? undefined : fallback ? text + fallbackText : '',
  };
}

function expectedTypes({ types }: ParamDefinition, fallback: ParamDefault | undefined): ExpectedTypes | undefined {
  const value = fallback?.written;
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
export function isPlain({ plainType }: ParamSlot, value: unknown): value is number | string | boolean {
  const type = typeof value;
  return plainType === undefined ? type === 'number' || type === 'string' || type === 'boolean' : plainType === type;
}
