import { sharedState } from '../base/shared-state';
import { WeakList } from '../base/weak-list';
import { ownDeclaration } from './declaration';
import type { TaskClass } from './task-class';

/** What is known of task classes: the same for all copies of this package. */
const known = sharedState('tasks', () => ({
  /** By the class of their results. Nothing else may hold a task that is only required by that. */
  producers: new WeakMap<Function, Set<TaskClass>>(),
  /** Classes by name, for refs that come out of storage. */
  named: new Map<string, WeakRef<TaskClass>>(),
  /** Those whose name a function gives; it is called when somebody asks. */
  renamed: new WeakList<TaskClass>(),
  /** Names that were declared again while another class had them. */
  ambiguous: new Set<string>(),
  noted: undefined as TaskClass[] | undefined,
}));

/** Remembers which task gives results of which class, for requirements that name only the class. */
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
  // A class declared again, as test runners and hot reload do, takes the place of the one it was.
  for (const other of others) if (nameOf(other) === nameOf(cls)) others.delete(other);
  producers.set(produces, others.add(cls));
}

/** The class that answers to a task's name: the last one that was declared with it, unless it is gone. */
export function classNamed(name: string): TaskClass | undefined {
  const found = known.named.get(name)?.deref();
  if (found) return found;
  for (const cls of known.renamed.all()) {
    const nameFrom = ownDeclaration(cls)?.task?.name;
    if (typeof nameFrom === 'function' && nameFrom(cls) === name) return cls;
  }
  return undefined;
}

/** Whether several classes were called so at once, whose names were not written out. Says it once a name. */
export function isNewlyAmbiguous(name: string): boolean {
  return known.ambiguous.delete(name);
}

/** The tasks declared with `produces` of this class. */
export function producersOf(type: unknown): readonly TaskClass[] {
  return typeof type === 'function' ? [...(known.producers.get(type) ?? [])] : [];
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
