import type { GraphNode } from '../graph/node';

type Params = Readonly<Record<string, unknown>>;

const withoutSecrets = new WeakMap<Params, Params>();

/** A node's params as events, plans and errors show them: without secrets. The same object each time. */
export function publicParams({ task, params }: GraphNode): Params {
  if (task.secrets.size === 0) return params;
  let shown = withoutSecrets.get(params);
  if (!shown) {
    const entries = Object.entries(params).map(([name, value]) => [name, task.secrets.has(name) ? '(secret)' : value]);
    withoutSecrets.set(params, (shown = Object.freeze(Object.fromEntries(entries))));
  }
  return shown!;
}
