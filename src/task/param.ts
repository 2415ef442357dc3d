import { assertLegacyDecorator, assertOnProperty, declare } from './declaration';
import { DeclarationError } from './errors';
import type { ParamOptions } from './options';
import type {
  EnableExperimentalDecorators,
  NeedsParentheses,
  NoPublicProperty,
  OptionalNeedsOption,
  SchemaDoesNotFit,
  SchemaRefusesPropertyType,
} from './output';
import { isSchema, type StandardSchema } from './schema';

// Not `{} extends Pick<T, K>`: {} has the properties of all objects, such as valueOf.
type IsOptional<T, K extends keyof T> = Pick<T, K> extends Required<Pick<T, K>> ? false : true;
type CanPass<Target, K, Optional> = [Target] extends [undefined]
  ? EnableExperimentalDecorators
  : K extends keyof Target
    ? IsOptional<Target, K> extends true
      ? Optional extends true
        ? Target
        : OptionalNeedsOption<K>
      : Target
    : NoPublicProperty<K, Target>;
type CanCheck<Target, K, In, Out, Optional> = [Target] extends [undefined]
  ? EnableExperimentalDecorators
  : K extends keyof Target
    ? [Out] extends [Target[K]]
      ? [Out] extends [In]
        ? CanPass<Target, K, Optional>
        : SchemaRefusesPropertyType<In, Out>
      : SchemaDoesNotFit<K, Target[K], Out>
    : NoPublicProperty<K, Target>;

/**
 * Makes a property a param, which callers pass in. An initialiser is its default.
 *
 * @param schema any Standard Schema; its output is the value
 * @example
 * ```ts
 * class TrainModel {
 *   @Param() path!: string;
 *   @Param(z.number().int().positive()) epochs = 10;
 *   @Param({ key: false }) verbose = false;
 * }
 * ```
 */
export function Param(): <Target, K extends PropertyKey>(target: CanPass<Target, K, false>, key: K) => void;
export function Param<In, Out>(
  schema: StandardSchema<In, Out>,
): <Target, K extends PropertyKey>(target: CanCheck<Target, K, In, Out, false>, key: K) => void;
export function Param<In, Out, const O extends ParamOptions>(
  options: O & { readonly schema: StandardSchema<In, Out> },
): <Target, K extends PropertyKey>(target: CanCheck<Target, K, In, Out, O['optional']>, key: K) => void;
export function Param<const O extends ParamOptions>(
  options: O & { readonly schema?: never },
): <Target, K extends PropertyKey>(target: CanPass<Target, K, O['optional']>, key: K) => void;
export function Param(missing: object, parentheses: PropertyKey): NeedsParentheses;
export function Param(...given: unknown[]): any {
  assertLegacyDecorator('@Param', given);
  const [first, parentheses] = given as [object?, PropertyKey?];
  if (parentheses !== undefined)
    throw new DeclarationError(`write @Param() with parentheses (on ${String(parentheses)})`);
  const options = isSchema(first) ? { schema: first } : { ...first };
  return (...at: unknown[]) => {
    assertOnProperty('@Param()', at);
    declare(at[0] as object, at[1] as PropertyKey, { kind: 'param', options });
  };
}
