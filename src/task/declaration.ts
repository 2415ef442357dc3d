import 'reflect-metadata';
import { incompatible, layout } from '../base/shared-state';
import { DeclarationError } from './declaration-error';
import type { ParamOptions, TaskOptions } from './options';
import type { StandardSchema } from './schema';
import type { TaskClass } from './task-class';
import type { Injector } from './typedi';

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
export interface ClassDeclaration {
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
    throw new DeclarationError(`the class ${cls.name} cannot be used as a task: ${incompatible()}`);
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
