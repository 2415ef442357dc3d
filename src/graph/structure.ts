import { types } from 'node:util';
import { isPlainObject } from '../task/data';
import type { PartPath } from '../task/ref';
import { GraphNode, NodePart, type Template } from './node';

const deepest = 1_000;

/**
 * A copy of a structure (arrays, plain objects, Maps, Sets, nested) in which `replace` has answered for
 * every other object and every function.
 *
 * @throws {TooDeepError} when it is nested so deep that it may hold itself
 */
export function mapStructure(value: unknown, replace: (value: object) => unknown, depth = 0): unknown {
  if (typeof value === 'function') return replace(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth > deepest) throw new TooDeepError();
  const inside = depth + 1;
  if (Array.isArray(value)) {
    const copy: unknown[] = new Array(value.length);
    for (let i = 0; i < value.length; i++) copy[i] = mapStructure(value[i], replace, inside);
    return copy;
  }
  if (isPlainObject(value)) {
    const copy: Record<string, unknown> = {};
    for (const [name, item] of Object.entries(value)) {
      Object.defineProperty(copy, name, {
        value: mapStructure(item, replace, inside),
        enumerable: true,
        writable: true,
        configurable: true,
      });
    }
    return copy;
  }
  const replaced = replace(value);
  if (replaced !== value) return replaced;
  // Last, since refs and nodes, of which there may be millions, are neither.
  if (types.isMap(value))
    return new Map(Array.from(value, ([key, item]) => [key, mapStructure(item, replace, inside)]));
  if (types.isSet(value)) return new Set(Array.from(value, (item) => mapStructure(item, replace, inside)));
  return value;
}

/** A structure is nested too deep to look into, or holds itself. */
export class TooDeepError extends Error {
  constructor() {
    super(`nested more than ${deepest} levels deep`);
  }
}

/**
 * A structure with results in the place of nodes.
 *
 * @param give gives a result, or the part of it that is used, to who receives the structure @default as it is
 * @param literal gives an object that is neither part of the structure nor a result @default as it is
 */
export function fill(
  template: Template,
  resultOf: (node: GraphNode) => unknown,
  give: (value: unknown, node: GraphNode) => unknown = asItIs,
  literal: (value: object) => unknown = asItIs,
): unknown {
  if (template instanceof GraphNode) return give(resultOf(template), template);
  return mapStructure(template, (value) => {
    if (value instanceof GraphNode) return give(resultOf(value), value);
    return value instanceof NodePart ? give(partOf(resultOf(value.node), value), value.node) : literal(value);
  });
}

function asItIs(value: unknown): unknown {
  return value;
}

/** The part of a result that a path leads to. */
function partOf(result: unknown, { node, path }: NodePart): unknown {
  let part = result;
  for (const [i, step] of path.entries()) {
    if (part === null || part === undefined) throw new MissingPartError(node, path, i);
    part = part instanceof Map ? part.get(step) : (part as Record<string | number, unknown>)[step];
  }
  // An absent part would look like a result that is undefined.
  if (part === undefined) throw new MissingPartError(node, path, path.length);
  return part;
}

/** A ref names a part that the result does not have. */
export class MissingPartError extends Error {
  constructor(node: GraphNode, path: PartPath, depth: number) {
    super(
      `the result of ${node} has no part .at(${path.map((step) => JSON.stringify(step)).join(', ')})${depth < path.length ? `: there is nothing at step ${depth}` : ''}`,
    );
    this.name = 'MissingPartError';
  }
}
