import { types } from 'node:util';
import { isPlainObject } from '../task/data';
import type { PartPath } from '../task/ref';
import { canonical, sortedEntries, sortedItems, sortedNames } from './canonical';
import { withoutNegativeZero } from './copy-data';
import { GraphNode, NodePart, type Template } from './node';

const deepest = 1_000;

/**
 * A copy of a structure (nested arrays, plain objects, Maps and Sets) with each other object and function replaced by
 * the result of `replace`.
 *
 * @param isSorted makes structures with the same key equal: sorts properties and entries, replaces -0 with 0
 * @throws {TooDeepError} if it is nested too deep, possibly in a cycle
 */
export function mapStructure(
  value: unknown,
  replace: (value: object) => unknown,
  isSorted = false,
  depth = 0,
): unknown {
  if (typeof value === 'function') return replace(value);
  if (typeof value !== 'object' || value === null) return isSorted ? withoutNegativeZero(value) : value;
  if (depth > deepest) throw new TooDeepError();
  const inside = depth + 1;
  if (Array.isArray(value)) {
    const copy: unknown[] = new Array(value.length);
    for (let i = 0; i < value.length; i++) copy[i] = mapStructure(value[i], replace, isSorted, inside);
    return copy;
  }
  if (isPlainObject(value)) {
    const copy: Record<string, unknown> = {};
    for (const [name, item] of Object.entries(value)) {
      Object.defineProperty(copy, name, {
        value: mapStructure(item, replace, isSorted, inside),
        enumerable: true,
        writable: true,
        configurable: true,
      });
    }
    return isSorted ? withSortedNames(copy) : copy;
  }
  const replaced = replace(value);
  if (replaced !== value) return replaced;
  // Checked last: refs and nodes, the common case, are neither.
  if (types.isMap(value)) {
    const entries = Array.from(value, ([key, item]): [unknown, unknown] => [
      key,
      mapStructure(item, replace, isSorted, inside),
    ]);
    return new Map(isSorted ? sortedEntries(entries, nodeByContent) : entries);
  }
  if (types.isSet(value)) {
    const items = Array.from(value, (item) => mapStructure(item, replace, isSorted, inside));
    return new Set(isSorted ? sortedItems(items, nodeByContent) : items);
  }
  return value;
}

function withSortedNames(object: Record<string, unknown>): Record<string, unknown> {
  const names = sortedNames(object);
  if (Object.keys(object).every((name, i) => name === names[i])) return object;
  const sorted: Record<string, unknown> = {};
  for (const name of names) Object.defineProperty(sorted, name, Object.getOwnPropertyDescriptor(object, name)!);
  return sorted;
}

/** Distinguishes nodes by params, so that the order does not depend on node indices. */
function nodeByContent(value: object): string | undefined {
  if (value instanceof NodePart) return `${nodeByContent(value.node)}${canonical(value.path)}`;
  return value instanceof GraphNode ? `@${value.task.name} ${value.identity};` : undefined;
}

/** A structure is nested too deep, or contains itself. */
export class TooDeepError extends Error {
  constructor() {
    super(`nested more than ${deepest} levels deep`);
  }
}

/**
 * Fills a template: a structure with results in place of nodes.
 *
 * @param give converts a result, or the used part of it, for the consumer @default unchanged
 * @param literal converts an object that is neither part of the structure nor a result @default unchanged
 */
export function fillTemplate(
  template: Template,
  resultOf: (node: GraphNode) => unknown,
  give: (value: unknown, node: GraphNode) => unknown = unchanged,
  literal: (value: object) => unknown = unchanged,
): unknown {
  if (template instanceof GraphNode) return give(resultOf(template), template);
  return mapStructure(template, (value) => {
    if (value instanceof GraphNode) return give(resultOf(value), value);
    return value instanceof NodePart ? give(partOf(resultOf(value.node), value), value.node) : literal(value);
  });
}

function unchanged(value: unknown): unknown {
  return value;
}

/** The part of a result at a path. */
function partOf(result: unknown, { node, path }: NodePart): unknown {
  let part = result;
  for (const [i, step] of path.entries()) {
    if (part === null || part === undefined) throw new MissingPartError(node, path, i);
    part = types.isMap(part) ? part.get(step) : propertyOf(part, step);
  }
  // An absent part would look like an undefined result.
  if (part === undefined) throw new MissingPartError(node, path, path.length);
  return part;
}

/** An own property or a getter of the class: a saved ref may contain any name, such as `constructor`. */
function propertyOf(value: unknown, step: string | number): unknown {
  const isOwn = Object.hasOwn(Object(value), step);
  if (!isOwn && step in Object.prototype) return undefined;
  const found = (value as Record<string | number, unknown>)[step];
  return isOwn || typeof found !== 'function' ? found : undefined;
}

/** A ref refers to a part that the result does not have. */
class MissingPartError extends Error {
  constructor(node: GraphNode, path: PartPath, depth: number) {
    super(
      `the result of ${node} has no part .at(${path.map((step) => JSON.stringify(step)).join(', ')})${depth < path.length ? `: there is nothing at step ${depth}` : ''}`,
    );
    this.name = 'MissingPartError';
  }
}
