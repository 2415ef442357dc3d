import { isPlainObject } from '../task/data';
import type { PartPath } from '../task/ref';
import { GraphNode, NodePart, type Template } from './node';

/**
 * A copy of a structure (arrays, plain objects, Maps, Sets, nested) in which `replace` has answered for
 * every other object and every function.
 */
export function mapStructure(value: unknown, replace: (value: object) => unknown): unknown {
  if (typeof value === 'function') return replace(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const copy: unknown[] = new Array(value.length);
    for (let i = 0; i < value.length; i++) copy[i] = mapStructure(value[i], replace);
    return copy;
  }
  if (isPlainObject(value)) {
    const copy: Record<string, unknown> = {};
    for (const [name, item] of Object.entries(value)) {
      Object.defineProperty(copy, name, { value: mapStructure(item, replace), enumerable: true, writable: true, configurable: true });
    }
    return copy;
  }
  if (value instanceof Map) return new Map(Array.from(value, ([key, item]) => [key, mapStructure(item, replace)]));
  if (value instanceof Set) return new Set(Array.from(value, (item) => mapStructure(item, replace)));
  return replace(value);
}

/** A structure with results in the place of nodes. */
export function fill(template: Template, resultOf: (node: GraphNode) => unknown): unknown {
  if (template instanceof GraphNode) return resultOf(template);
  return mapStructure(template, (value) => {
    if (value instanceof GraphNode) return resultOf(value);
    return value instanceof NodePart ? partOf(resultOf(value.node), value) : value;
  });
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
    super(`the result of ${node} has no part .at(${path.map((step) => JSON.stringify(step)).join(', ')})${depth < path.length ? `: there is nothing at step ${depth}` : ''}`);
    this.name = 'MissingPartError';
  }
}
