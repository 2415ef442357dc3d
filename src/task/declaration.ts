import 'reflect-metadata';
import { incompatible, layout } from '../base/shared-state';
import { DeclarationError } from './declaration-error';
import type { ParamOptions, TaskOptions } from './options';
import type { StandardSchema } from './schema';
import type { TaskClass } from './task-class';
import type { Injector } from './typedi';

/** Where a requirement comes from, as it was written. */
export type RequirementSource =
  | { readonly from: 'class'; readonly cls: TaskClass; readonly params?: (self: any) => object }
  | { readonly from: 'later-class'; readonly cls: () => TaskClass; readonly params: (self: any) => object }
  | { readonly from: 'structure'; readonly map: (self: any) => unknown }
  | { readonly from: 'directory' }
  | { readonly from: 'property-type'; readonly type: unknown };

/** What a decorator said of a property. */
export type MemberDeclaration =
  | { readonly kind: 'param'; readonly options: ParamOptions & { readonly schema?: StandardSchema } }
  | { readonly kind: 'requirement'; readonly source: RequirementSource };

/** What the decorators in one class body said; base classes have their own. */
export interface ClassDeclaration {
  readonly members: Map<string, MemberDeclaration>;
  task?: TaskOptions;
  /** The container of the copy of this package that declared the task: each may have a typedi of its own. */
  injector?: Injector;
  /** What copies of this package have in common, of the one that declared it. */
  readonly layout: number;
}

const declaration = Symbol.for('tidemark.declaration');

/**
 * What was declared in this class's own body; undefined when nothing was.
 *
 * @throws {DeclarationError} when a copy of the package declared it that does not work together with this one
 */
export function ownDeclaration(cls: Function): ClassDeclaration | undefined {
  if (!Object.hasOwn(cls, declaration)) return undefined;
  const found: ClassDeclaration = (cls as any)[declaration];
  if (found.layout !== layout)
    throw new DeclarationError(`the class ${cls.name} cannot be used as a task: ${incompatible()}`);
  return found;
}

/** The same, made when it is not there. */
export function declarationOf(cls: Function): ClassDeclaration {
  const own = ownDeclaration(cls);
  if (own) return own;
  const made: ClassDeclaration = { members: new Map(), layout };
  Object.defineProperty(cls, declaration, { value: made });
  return made;
}

/** Records what a decorator said; nothing is worked out before the task is first used. */
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

/** The name that a task class declares, or its own. */
export function declaredNameOf(cls: TaskClass): string {
  const name = ownDeclaration(cls)?.task?.name;
  return (typeof name === 'function' ? name(cls) : name) ?? cls.name;
}
