import { definitionOf, type TaskDefinition } from '../../../task/definition';
import type { TaskClass } from '../../../task/task-class';
import type { TaskCatalog } from '../../worker/task-catalog';
import type { WorkerRegistration } from '../protocol/worker-registry';

/** The tasks that a worker can run. */
export class TaskList {
  readonly catalog: TaskCatalog;
  readonly #definitions: readonly TaskDefinition[];
  readonly #found = new Map<string, TaskDefinition>();

  constructor(catalogue: TaskCatalog) {
    this.catalog = catalogue;
    this.#definitions = catalogue.classes().flatMap((cls) => definition(cls) ?? []);
  }

  /** The queues of all tasks, each once. */
  get queues(): readonly string[] {
    return [...new Set(this.#definitions.map(({ queue }) => queue))];
  }

  /** The tasks, as they are registered. */
  get registration(): WorkerRegistration['tasks'] {
    return this.#definitions.map(({ name, options }) => [name, options.version ?? null]);
  }

  /** The task of this name and version, when it is the only one here. */
  find(name: string, version: string | number | undefined): TaskDefinition | undefined {
    const found = this.#found.get(name) ?? this.#search(name);
    return found?.options.version === version ? found : undefined;
  }

  #search(name: string): TaskDefinition | undefined {
    const classes = this.catalog.all(name);
    const found = classes.length === 1 ? definition(classes[0]!) : undefined;
    if (found) this.#found.set(name, found);
    return found;
  }
}

/** Undefined for a task with an invalid declaration: the runner reports it before it adds a job. */
function definition(cls: TaskClass): TaskDefinition | undefined {
  try {
    return definitionOf(cls);
  } catch {
    return undefined;
  }
}
