import { ownDeclaration } from './declaration';
import type { TaskClass } from './task-class';

const producers = new Map<Function, Set<TaskClass>>();

/** Remembers which task gives results of which class, for requirements that name only the class. */
export function register(cls: TaskClass, produces: Function | undefined): void {
  if (produces === undefined) return;
  const known = producers.get(produces) ?? new Set();
  // A class declared again, as test runners and hot reload do, takes the place of the one it was.
  for (const other of known) if (nameOf(other) === nameOf(cls)) known.delete(other);
  producers.set(produces, known.add(cls));
}

/** The tasks declared with `produces` of this class. */
export function producersOf(type: unknown): readonly TaskClass[] {
  return [...(producers.get(type as Function) ?? [])];
}

/** The task's name as far as it is known when the class is declared; a function that gives it is called later. */
function nameOf(cls: TaskClass): string {
  const name = ownDeclaration(cls)?.task?.name;
  return typeof name === 'string' ? name : cls.name;
}
