import { isPromiseLike } from '../base/awaitable';
import { explainError, isInstance } from '../base/describe-error';
import { showValue } from '../base/show';
import { isPlainObject } from '../task/data';
import type { RequirementDefinition, TaskDefinition } from '../task/definition';
import { DeclarationError } from '../task/errors';
import { isTaskRef, TaskRef } from '../task/ref';
import type { TaskClass } from '../task/task-class';
import { expireCopies } from './copy-data';
import { GraphNode, NodePart, ownDirectory, type Template } from './node';
import type { NodeFactory } from './node-factory';
import { mapStructure, TooDeepError } from './structure';

/** A required class that inherits params. */
class InheritedRequirement {
  constructor(
    readonly cls: TaskClass,
    readonly property: string,
    readonly written: Readonly<Record<string, unknown>> | undefined,
  ) {}
}

/**
 * The declared value of a requirement: a structure of refs, or a class.
 *
 * @param self the planning instance, with a node's params
 * @throws {DeclarationError} if a function fails or returns an invalid value
 */
export function evaluateRequirement(
  { name: task }: TaskDefinition,
  { property, source }: RequirementDefinition,
  self: object,
): unknown {
  try {
    switch (source.from) {
      case 'structure':
        return source.map(self);
      case 'directory':
        return ownDirectory;
      case 'class':
        return new InheritedRequirement(
          source.cls,
          property,
          source.params && checkWrittenParams(source.params(self), task, property),
        );
      case 'later-class':
        return new InheritedRequirement(
          checkLaterClass(source.cls(), task, property),
          property,
          checkWrittenParams(source.params(self), task, property),
        );
    }
  } catch (error) {
    if (isInstance(error, DeclarationError)) throw error;
    throw new DeclarationError(`the function in @Requires on ${task}.${property} failed: ${explainError(error)}`, {
      cause: error,
    });
  }
}

function checkWrittenParams(given: unknown, task: string, property: string): Record<string, unknown> | undefined {
  if (given === undefined) return undefined;
  if (typeof given === 'object' && given !== null && isPlainObject(given)) return given as Record<string, unknown>;
  const what = isPromiseLike(given)
    ? 'a promise; it must return params synchronously'
    : `${showValue(given)}; it must return an object of params`;
  throw new DeclarationError(`the function in @Requires on ${task}.${property} returned ${what}`);
}

function checkLaterClass(cls: unknown, task: string, property: string): TaskClass {
  if (typeof cls === 'function') return cls as TaskClass;
  throw new DeclarationError(
    `@Requires(() => …) on ${task}.${property} returned ${showValue(cls)}; it must return a task class`,
  );
}

/** Structures with nodes in place of refs and classes, and these nodes, one per occurrence. */
export interface ResolvedRefs {
  readonly templates: readonly Template[];
  readonly children: readonly GraphNode[];
}

/**
 * Replaces refs and classes in structures with nodes; returns a promise if it must be called again later.
 *
 * @param by the node that requires them, one structure per requirement; undefined for the target
 * @throws {DeclarationError} for an invalid value in place of a ref
 */
export function resolveRefs(
  structures: readonly unknown[],
  by: GraphNode | undefined,
  factory: NodeFactory,
): ResolvedRefs | Promise<unknown> {
  expireCopies();
  const children: GraphNode[] = [];
  const pending: Promise<unknown>[] = [];
  const toNode = (ref: TaskRef<unknown>): unknown => {
    const node = factory.get(ref);
    if (!(node instanceof GraphNode)) return pending.push(node);
    children.push(node);
    return ref.path.length > 0 ? new NodePart(node, ref.path) : node;
  };
  const toInheritingNode = (required: InheritedRequirement): unknown => {
    const ref = inheritedRef(required, by, factory);
    return ref instanceof Promise ? pending.push(ref) : toNode(ref);
  };
  let requirement = 0;
  const replace = (value: object): unknown => {
    if (isTaskRef(value)) return toNode(value);
    if (value instanceof InheritedRequirement) return toInheritingNode(value);
    if (typeof value !== 'function') {
      if (isPromiseLike(value))
        throw new DeclarationError(`${whatHolds(by, requirement)} a promise; it must return its refs synchronously`);
      return value;
    }
    const property = by?.task.requirements[requirement]?.property ?? '';
    return toInheritingNode(new InheritedRequirement(value as TaskClass, property, undefined));
  };
  const templates: Template[] = [];
  try {
    for (; requirement < structures.length; requirement++)
      templates.push(mapStructure(structures[requirement], replace, true));
  } catch (error) {
    // One error is enough: ignore errors of pending calls.
    for (const one of pending) one.catch(ignore);
    if (!isInstance(error, TooDeepError)) throw error;
    const what = by ? `the result of @Requires on ${propertyOf(by, requirement)}` : 'the target';
    throw new DeclarationError(`${what} contains itself (a cycle), or is ${error.message}`);
  }
  return pending.length > 0 ? Promise.all(pending) : { templates, children };
}

function ignore(): void {}

/** Resolves refs, and waits for asynchronous containers and schemas. */
export async function resolveRefsAsync(
  structures: readonly unknown[],
  by: GraphNode | undefined,
  factory: NodeFactory,
): Promise<ResolvedRefs> {
  for (;;) {
    const resolved = resolveRefs(structures, by, factory);
    if (!(resolved instanceof Promise)) return resolved;
    await resolved;
  }
}

/** The ref to a class that inherits params. */
function inheritedRef(
  { cls, property, written }: InheritedRequirement,
  by: GraphNode | undefined,
  factory: NodeFactory,
): TaskRef<unknown> | Promise<unknown> {
  if (typeof cls === 'function' && cls.prototype === undefined) {
    throw new DeclarationError(
      `${by ? `@Requires on ${by.task.name}.${property} returned` : 'the target contains'} a function instead of task refs`,
    );
  }
  const task = factory.tasks.get(cls);
  if (task instanceof Promise) return task;
  if (!by) return TaskRef.create(cls, {});
  const parent = factory.tasks.templateOf(by);
  if (parent.passesParamsOn === undefined) factory.markInherited(by);
  return TaskRef.create(cls, parent.inheritParams(task.template, by, written, property));
}

function propertyOf(by: GraphNode, requirement: number): string {
  return `${by.task.name}.${by.task.requirements[requirement]!.property}`;
}

function whatHolds(by: GraphNode | undefined, requirement: number): string {
  return by ? `the function in @Requires on ${propertyOf(by, requirement)} returned` : 'the target contains';
}
