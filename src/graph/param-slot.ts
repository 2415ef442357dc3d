import type { ParamDefinition } from '../task/definition';
import { canonicalString, paramText } from './canonical';
import type { DataCopy } from './copies';

/** A param as it is looked at for each node: what can be known before is. */
export interface ParamSlot {
  readonly param: ParamDefinition;
  readonly name: string;
  /** The name as canonical text. */
  readonly text: string;
  /** The `typeof` that a value needs to be taken as it is, any when undefined; null when it must be looked at. */
  readonly plainType: string | null | undefined;
  readonly fallback: (DataCopy & { readonly text: string | undefined }) | undefined;
  /** The canonical text when it is not given; undefined when that must be looked at. */
  readonly absentText: string | undefined;
}

export function toParamSlot(param: ParamDefinition, fallback: DataCopy | undefined): ParamSlot {
  const { name, schema, type } = param;
  const plainType = schema
    ? null
    : type === undefined
      ? undefined
      : type === Number || type === String || type === Boolean
        ? type.name.toLowerCase()
        : null;
  const text = canonicalString(name);
  const fallbackText = !fallback || fallback.refs.length > 0 ? undefined : paramText(fallback.value);
  const isLookedAt = fallback ? fallback.thaws || fallbackText === undefined : !param.optional;
  return {
    param,
    name,
    text,
    plainType,
    fallback: fallback && { ...fallback, text: fallbackText },
    absentText: isLookedAt ? undefined : fallback ? text + fallbackText : '',
  };
}

/** Whether a value can be taken as it is. */
export function isPlain({ plainType }: ParamSlot, value: unknown): value is number | string | boolean {
  const type = typeof value;
  return plainType === undefined ? type === 'number' || type === 'string' || type === 'boolean' : plainType === type;
}
