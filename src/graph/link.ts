import { isPromiseLike } from '../awaitable';
import { isInstance } from '../base/describe-error';
import { DeclarationError } from '../task/declaration-error';
import { isTaskRef, TaskRef } from '../task/ref';
import type { TaskClass } from '../task/task-class';
import { expireOriginals } from './copy-data';
import { GraphNode, NodePart, type Template } from './node';
import type { NodeMaker } from './node-maker';
import { mapStructure, TooDeepError } from './structure';
import { Handed } from './written';

/** Structures with nodes in the place of refs and classes, and these nodes, once for each place. */
export interface Linked {
  readonly templates: readonly Template[];
  readonly children: readonly GraphNode[];
}

/**
 * Puts nodes in the place of the refs and classes of structures; a promise when it must be done again later.
 *
 * @param by who requires them, one structure a requirement; undefined for what is to run
 * @throws {DeclarationError} when there is something else where refs are meant
 */
export function link(
  structures: readonly unknown[],
  by: GraphNode | undefined,
  maker: NodeMaker,
): Linked | Promise<unknown> {
  expireOriginals();
  const children: GraphNode[] = [];
  const pending: Promise<unknown>[] = [];
  const toNode = (ref: TaskRef<unknown>): unknown => {
    const node = maker.of(ref);
    if (!(node instanceof GraphNode)) return pending.push(node);
    children.push(node);
    return ref.path.length > 0 ? new NodePart(node, ref.path) : node;
  };
  const toNodeOf = (handed: Handed): unknown => {
    const ref = refOf(handed, by, maker);
    return ref instanceof Promise ? pending.push(ref) : toNode(ref);
  };
  let requirement = 0;
  const replace = (value: object): unknown => {
    if (isTaskRef(value)) return toNode(value);
    if (value instanceof Handed) return toNodeOf(value);
    if (typeof value !== 'function') {
      if (isPromiseLike(value))
        throw new DeclarationError(`${whatHolds(by, requirement)} a promise; it must return its refs synchronously`);
      return value;
    }
    const property = by?.task.requirements[requirement]?.property ?? '';
    return toNodeOf(new Handed(value as TaskClass, property, undefined));
  };
  const templates: Template[] = [];
  try {
    for (; requirement < structures.length; requirement++)
      templates.push(mapStructure(structures[requirement], replace, true));
  } catch (error) {
    // One error is enough: what is still asked for reports none of its own.
    for (const one of pending) one.catch(ignore);
    if (!isInstance(error, TooDeepError)) throw error;
    const what = by ? `the result of @Requires on ${propertyOf(by, requirement)}` : 'the target';
    throw new DeclarationError(`${what} contains itself (a cycle), or is ${error.message}`);
  }
  return pending.length > 0 ? Promise.all(pending) : { templates, children };
}

function ignore(): void {}

/** Links until nothing has to be waited for. */
export async function linkInTime(
  structures: readonly unknown[],
  by: GraphNode | undefined,
  maker: NodeMaker,
): Promise<Linked> {
  for (;;) {
    const linked = link(structures, by, maker);
    if (!(linked instanceof Promise)) return linked;
    await linked;
  }
}

/** The ref that is meant where only a class is named. */
function refOf(
  { cls, property, written }: Handed,
  by: GraphNode | undefined,
  maker: NodeMaker,
): TaskRef<unknown> | Promise<unknown> {
  if (typeof cls === 'function' && cls.prototype === undefined) {
    throw new DeclarationError(
      `${by ? `@Requires on ${by.task.name}.${property} returned` : 'the target contains'} a function instead of task refs`,
    );
  }
  const kind = maker.kinds.of(cls);
  if (kind instanceof Promise) return kind;
  if (!by) return TaskRef.of(cls, {});
  const blueprint = maker.kinds.blueprintOf(by);
  if (blueprint.handsOn === undefined) maker.willHandOn(by);
  return TaskRef.of(cls, blueprint.handOn(kind.blueprint, by, written, property));
}

function propertyOf(by: GraphNode, requirement: number): string {
  return `${by.task.name}.${by.task.requirements[requirement]!.property}`;
}

function whatHolds(by: GraphNode | undefined, requirement: number): string {
  return by ? `the function in @Requires on ${propertyOf(by, requirement)} returned` : 'the target contains';
}
