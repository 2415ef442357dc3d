import type { GraphNode } from '../graph/node';

/** A node's params as events, plans and errors show them: without secrets. */
export function publicParams({ task, params }: GraphNode): Readonly<Record<string, unknown>> {
  if (task.secrets.size === 0) return params;
  return Object.freeze(
    Object.fromEntries(
      Object.entries(params).map(([name, value]) => [name, task.secrets.has(name) ? '(secret)' : value]),
    ),
  );
}
