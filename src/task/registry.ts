import { sharedState } from '../base/shared-state';
import { ownDeclaration } from './declaration';
import type { TaskClass } from './task-class';

/** What is known of task classes: the same for all copies of this package. */
const known = sharedState('tasks', () => ({
  producers: new Map<Function, Set<TaskClass>>(),
  /** Classes by name, for refs that come out of storage. */
  named: new Map<string, WeakRef<TaskClass>>(),
  /** Those whose name a function gives, the last one first; it is called when somebody asks. */
  renamed: [] as { readonly cls: WeakRef<TaskClass>; readonly nameFrom: (cls: TaskClass) => string }[],
  noted: undefined as TaskClass[] | undefined,
}));

/** Remembers which task gives results of which class, for requirements that name only the class. */
export function register(cls: TaskClass, produces: Function | undefined): void {
  const { producers, named, renamed } = known;
  known.noted?.push(cls);
  const nameFrom = ownDeclaration(cls)?.task?.name;
  if (typeof nameFrom === 'function') renamed.unshift({ cls: new WeakRef(cls), nameFrom });
  else named.set(nameFrom ?? cls.name, new WeakRef(cls));
  if (produces === undefined) return;
  const others = producers.get(produces) ?? new Set();
  // A class declared again, as test runners and hot reload do, takes the place of the one it was.
  for (const other of others) if (nameOf(other) === nameOf(cls)) others.delete(other);
  producers.set(produces, others.add(cls));
}

/** The class that answers to a task's name: the last one that was declared with it, unless it is gone. */
export function classNamed(name: string): TaskClass | undefined {
  const found = known.named.get(name)?.deref();
  if (found) return found;
  for (const { cls, nameFrom } of known.renamed) {
    const other = cls.deref();
    if (other && nameFrom(other) === name) return other;
  }
  return undefined;
}

/** The tasks declared with `produces` of this class. */
export function producersOf(type: unknown): readonly TaskClass[] {
  return [...(known.producers.get(type as Function) ?? [])];
}

/** The tasks that are declared from the first call on, for those who look for them by name; before it, none is kept. */
export function notedTasks(): readonly TaskClass[] {
  return (known.noted ??= []);
}

/** The task's name as far as it is known when the class is declared; a function that gives it is called later. */
function nameOf(cls: TaskClass): string {
  const name = ownDeclaration(cls)?.task?.name;
  return typeof name === 'string' ? name : cls.name;
}
