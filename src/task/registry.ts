import type { TaskClass } from './task-class';

const producers = new Map<Function, Set<TaskClass>>();

/** Remembers which task gives results of which class, for requirements that name only the class. */
export function register(cls: TaskClass, produces: Function | undefined): void {
  if (produces === undefined) return;
  const known = producers.get(produces) ?? new Set();
  // A class declared again, as test runners and hot reload do, takes the place of the one it was.
  for (const other of known) if (other.name === cls.name) known.delete(other);
  producers.set(produces, known.add(cls));
}

/** The tasks declared with `produces` of this class. */
export function producersOf(type: unknown): readonly TaskClass[] {
  return [...(producers.get(type as Function) ?? [])];
}
