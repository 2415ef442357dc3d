import { sharedState } from '../base/shared-state';
import { WeakList } from '../base/weak-list';
import { ownDeclaration } from './declaration';
import type { TaskClass } from './task-class';

/** The task classes of the process, shared by all copies of this package. */
const known = sharedState('tasks', () => ({
  /** By the class of their results. The only reference to tasks that are required by result class alone. */
  producers: new WeakMap<Function, Set<TaskClass>>(),
  /** Classes by name, for refs from storage. */
  named: new Map<string, WeakRef<TaskClass>>(),
  /** Classes whose name is a function, which is called on lookup. */
  renamed: new WeakList<TaskClass>(),
  /** Names declared by several live classes. */
  ambiguous: new Set<string>(),
  noted: undefined as TaskClass[] | undefined,
}));

/** Registers a task class by name, and by the class of its results, for requirements that name only that class. */
export function register(cls: TaskClass, produces: Function | undefined): void {
  const { producers, named, renamed } = known;
  known.noted?.push(cls);
  const nameFrom = ownDeclaration(cls)?.task?.name;
  if (typeof nameFrom === 'function') renamed.add(cls);
  else {
    const name = nameFrom ?? cls.name;
    if (nameFrom === undefined && named.get(name)?.deref()) known.ambiguous.add(name);
    named.set(name, new WeakRef(cls));
  }
  if (produces === undefined) return;
  const others = producers.get(produces) ?? new Set();
  // A redeclared class replaces the former one, as with test runners and hot reload.
  for (const other of others) if (nameOf(other) === nameOf(cls)) others.delete(other);
  producers.set(produces, others.add(cls));
}

/** The class with a task name: the last declared one, unless it was collected. */
export function classNamed(name: string): TaskClass | undefined {
  const found = known.named.get(name)?.deref();
  if (found) return found;
  for (const cls of known.renamed.all()) {
    const nameFrom = ownDeclaration(cls)?.task?.name;
    if (typeof nameFrom === 'function' && nameFrom(cls) === name) return cls;
  }
  return undefined;
}

/** True once per name that several classes had at once implicitly. */
export function isNewlyAmbiguous(name: string): boolean {
  return known.ambiguous.delete(name);
}

/** The tasks declared with this class as `produces`. */
export function producersOf(type: unknown): readonly TaskClass[] {
  return typeof type === 'function' ? [...(known.producers.get(type) ?? [])] : [];
}

/** The tasks declared since the first call, for lookups by name. Before that call, none is kept. */
export function notedTasks(): readonly TaskClass[] {
  return (known.noted ??= []);
}

/** The name as far as known at declaration: a function for the name is called later. */
function nameOf(cls: TaskClass): string {
  const name = ownDeclaration(cls)?.task?.name;
  return typeof name === 'string' ? name : cls.name;
}
