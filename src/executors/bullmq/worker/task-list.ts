import { definitionOf, type TaskDefinition } from '../../../task/definition';
import type { TaskClass } from '../../../task/task-class';
import type { Catalogue } from '../../worker/catalogue';
import type { WorkerNotice } from '../worker-board';

/** What a worker can run. */
export class TaskList {
  readonly catalogue: Catalogue;
  readonly #definitions: readonly TaskDefinition[];
  readonly #found = new Map<string, TaskDefinition>();

  constructor(catalogue: Catalogue) {
    this.catalogue = catalogue;
    this.#definitions = catalogue.classes().flatMap((cls) => definition(cls) ?? []);
  }

  /** The queues of all tasks, each once. */
  get queues(): readonly string[] {
    return [...new Set(this.#definitions.map(({ queue }) => queue))];
  }

  /** As it is told to others. */
  get notice(): WorkerNotice['tasks'] {
    return this.#definitions.map(({ name, options }) => [name, options.version ?? null]);
  }

  /** The task of this name and version, when it is the only one here. */
  find(name: string, version: string | number | undefined): TaskDefinition | undefined {
    const found = this.#found.get(name) ?? this.#look(name);
    return found?.options.version === version ? found : undefined;
  }

  #look(name: string): TaskDefinition | undefined {
    const classes = this.catalogue.all(name);
    const found = classes.length === 1 ? definition(classes[0]!) : undefined;
    if (found) this.#found.set(name, found);
    return found;
  }
}

/** Undefined for a task that is declared wrongly: a runner says so before it asks for it. */
function definition(cls: TaskClass): TaskDefinition | undefined {
  try {
    return definitionOf(cls);
  } catch {
    return undefined;
  }
}
