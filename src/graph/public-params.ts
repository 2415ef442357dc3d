import { definitionOf, type TaskDefinition } from '../task/definition';
import { isTaskRef, TaskRef } from '../task/ref';
import type { GraphNode } from './node';
import { firstSecret } from './stored-ref';
import { mapStructure } from './structure';

type Params = Readonly<Record<string, unknown>>;

/** The text shown instead of a secret. */
const secret = '(secret)';
const withoutSecrets = new WeakMap<Params, Params>();

/** The params of a node for events, plans and errors: without secrets, including those in refs. Returns the same object each time. */
export function publicParams({ task, params, paramsHaveRefs }: GraphNode): Params {
  if (task.secrets.size === 0 && !paramsHaveRefs) return params;
  let shown = withoutSecrets.get(params);
  if (!shown) {
    shown = firstSecret(task, params) === undefined ? params : Object.freeze(shownParams(task, params));
    withoutSecrets.set(params, shown);
  }
  return shown;
}

function shownParams({ secrets }: TaskDefinition, params: Params): Params {
  const entries = Object.entries(params).map(([name, value]) => [
    name,
    secrets.has(name) ? secret : mapStructure(value, shownRef),
  ]);
  return Object.fromEntries(entries);
}

function shownRef(value: object): unknown {
  if (!isTaskRef(value)) return value;
  const ref: TaskRef<any> = TaskRef.create(value.task, shownParams(definitionOf(value.task), value.params));
  return value.path.length === 0 ? ref : (ref.at as (...steps: readonly (string | number)[]) => unknown)(...value.path);
}
