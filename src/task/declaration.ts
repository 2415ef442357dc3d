import { describeIncompatibility, layout } from '../base/shared-state';
import { DeclarationError } from './errors';
import type { ParamOptions, TaskOptions } from './options';
import type { StandardSchema } from './schema';
import type { TaskClass } from './task-class';
import type { Injector } from './typedi';
import 'reflect-metadata';

const compilerSettings =
  'Tidemark uses the decorators of "experimentalDecorators". Set "experimentalDecorators": true in the "compilerOptions" of tsconfig.json (tsc, tsx, ts-node, esbuild, Vite, Bun); ' +
  'jsc.transform.legacyDecorator: true in .swcrc (swc, @swc/jest); version: "legacy" for @babel/plugin-proposal-decorators';

/** The context object of a standard decorator, or the element descriptor of the 2018 proposal. */
interface StandardContext {
  readonly kind: string;
  readonly name?: PropertyKey | undefined;
  readonly key?: PropertyKey;
}

/**
 * Rejects the call of a compiler that follows another version of decorators.
 *
 * @param decorator its name in messages: `@Param()`
 * @param args all arguments of the call
 * @throws {DeclarationError} with the compiler options to set
 */
export function assertLegacyDecorator(decorator: string, args: readonly unknown[]): void {
  const [target, second] = args;
  const context = isDecoratorContext(second)
    ? second
    : args.length === 1 && isElementDescriptor(target)
      ? target
      : undefined;
  if (!context) return;
  const name = context.name ?? context.key ?? (typeof target === 'function' ? target.name : undefined);
  throw new DeclarationError(
    `${decorator}${name === undefined ? '' : ` on ${String(name)}`}: the compiler calls it as a standard decorator. ${compilerSettings}`,
  );
}

/** Rejects a member decorator on anything but a property. */
export function assertOnProperty(decorator: string, args: readonly unknown[]): void {
  assertLegacyDecorator(decorator, args);
  const [target, property, third] = args;
  if ((typeof target !== 'object' && typeof target !== 'function') || target === null || property === undefined) {
    const cls = typeof target === 'function' ? target.name : String(target);
    const what = typeof third === 'number' ? `a parameter of the constructor of ${cls}` : `the class ${cls}`;
    throw new DeclarationError(`${decorator} is for properties; it is used on ${what}`);
  }
  const owner = typeof target === 'function' ? target.name : target.constructor?.name;
  const name = `${owner}.${String(property)}`;
  if (typeof third === 'number')
    throw new DeclarationError(`${decorator} is for properties; it is used on a parameter of ${name}`);
  if (typeof (third as PropertyDescriptor | undefined)?.value === 'function')
    throw new DeclarationError(`${decorator} is for properties; ${name} is a method`);
}

/** Rejects a class decorator on anything but a class. */
export function assertOnClass(decorator: string, args: readonly unknown[]): void {
  assertLegacyDecorator(decorator, args);
  const [cls, property] = args;
  if (typeof cls === 'function' && args.length === 1) return;
  const where = property === undefined ? '' : `; it is used on ${String(property)}`;
  throw new DeclarationError(
    `${decorator} is for classes${args.length > 2 && where === '' ? '; it is used on a parameter' : where}`,
  );
}

/** True for the second argument of a standard decorator; a legacy decorator gets a name or nothing. */
function isDecoratorContext(value: unknown): value is StandardContext {
  return typeof value === 'object' && value !== null && typeof (value as { kind?: unknown }).kind === 'string';
}

/** True for the only argument of a decorator of the 2018 proposal. */
function isElementDescriptor(value: unknown): value is StandardContext {
  return isDecoratorContext(value) && Object.prototype.toString.call(value) === '[object Descriptor]';
}

/** The source of a requirement, as declared. */
export type RequirementSource =
  | { readonly from: 'class'; readonly cls: TaskClass; readonly params?: (self: any) => object }
  | { readonly from: 'later-class'; readonly cls: () => TaskClass; readonly params: (self: any) => object }
  | { readonly from: 'structure'; readonly map: (self: any) => unknown }
  | { readonly from: 'directory' }
  | { readonly from: 'property-type'; readonly type: unknown };

/** The declaration of a property by a decorator. */
export type MemberDeclaration =
  | { readonly kind: 'param'; readonly options: ParamOptions & { readonly schema?: StandardSchema } }
  | { readonly kind: 'requirement'; readonly source: RequirementSource };

/** The declarations of one class body; base classes have their own. */
interface ClassDeclaration {
  readonly members: Map<string, MemberDeclaration>;
  task?: TaskOptions;
  /** The injector of the copy of this package that declared the task: each copy may have its own typedi. */
  injector?: Injector;
  /** The layout of the copy that declared the class. */
  readonly layout: number;
}

const declaration = Symbol.for('tidemark.declaration');

/**
 * The declaration of a class body, without base classes; undefined if nothing was declared.
 *
 * @throws {DeclarationError} if an incompatible copy of the package declared it
 */
export function ownDeclaration(cls: Function): ClassDeclaration | undefined {
  if (!Object.hasOwn(cls, declaration)) return undefined;
  const found: ClassDeclaration = (cls as any)[declaration];
  if (found.layout !== layout)
    throw new DeclarationError(`the class ${cls.name} cannot be used as a task: ${describeIncompatibility()}`);
  return found;
}

/** The declaration of a class body, created if missing. */
export function declarationOf(cls: Function): ClassDeclaration {
  const own = ownDeclaration(cls);
  if (own) return own;
  const made: ClassDeclaration = { members: new Map(), layout };
  Object.defineProperty(cls, declaration, { value: made });
  return made;
}

/** Records the declaration of a property. It is evaluated at the first use of the task. */
export function declare(prototype: object, property: PropertyKey, member: MemberDeclaration): void {
  const cls = prototype.constructor;
  const name = `${cls?.name}.${String(property)}`;
  if (typeof prototype === 'function')
    throw new DeclarationError(
      `${prototype.name}.${String(property)} is static; params and requirements belong to instances`,
    );
  if (typeof property !== 'string')
    throw new DeclarationError(`${name}: params and requirements have names, not symbols`);
  const { members } = declarationOf(cls);
  const other = members.get(property);
  if (other && other.kind !== member.kind) {
    throw new DeclarationError(`${name} has both @Param and @Requires; a property is either passed in or required`);
  }
  members.set(property, member);
}

/** The declared name of a task class, or else the class name. */
export function declaredNameOf(cls: TaskClass): string {
  const name = ownDeclaration(cls)?.task?.name;
  return (typeof name === 'function' ? name(cls) : name) ?? cls.name;
}
