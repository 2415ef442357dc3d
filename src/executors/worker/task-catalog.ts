import type { Awaitable } from '../../base/awaitable';
import { describeError, explainError, isInstance } from '../../base/describe-error';
import { nearestName } from '../../base/show';
import { LoadError } from '../../load/load-error';
import { importModule } from '../../load/load-module';
import { type Container, typediContainer } from '../../task/container';
import { declaredNameOf } from '../../task/declaration';
import { isTaskClass } from '../../task/definition';
import { DeclarationError } from '../../task/errors';
import { declaredTasks } from '../../task/registry';
import type { TaskClass } from '../../task/task-class';
import { registerModule } from '../remote/error-classes';
import type { StartMessage } from '../remote/messages';

/** The task classes that a worker has loaded, by name, and the container that makes their instances. */
export class TaskCatalog {
  readonly container: Container;
  readonly #containerUse: ContainerUse | undefined;
  readonly #start: StartMessage;
  readonly #exported: readonly TaskClass[];
  readonly #byName = new Map<string, TaskClass>();

  private constructor(start: StartMessage, exported: readonly TaskClass[], container: Container) {
    this.#start = start;
    this.#exported = exported;
    this.container = container;
    if (start.container !== undefined) this.#containerUse = new ContainerUse(container, start.container);
  }

  /** Closes the container that the worker's file exports. Never rejects: gives why that could not be done. */
  async close(): Promise<string | undefined> {
    return this.#containerUse?.end();
  }

  /** @throws {LoadError} when a module cannot be loaded */
  static async load(start: StartMessage): Promise<TaskCatalog> {
    declaredTasks();
    const exported: TaskClass[] = [];
    for (const file of start.modules) {
      const module = await importFile(file);
      registerModule(file, module);
      exported.push(...Object.values(module ?? {}).filter(isTaskClass));
    }
    return new TaskCatalog(start, exported, await loadContainer(start));
  }

  /**
   * The task of this name.
   *
   * @throws {DeclarationError} when there is none, or there are several
   */
  readonly classOf = (name: string): TaskClass => {
    let cls = this.#byName.get(name);
    if (!cls) this.#byName.set(name, (cls = this.#find(name)));
    return cls;
  };

  /** The same, when there is one. */
  find(name: string): TaskClass | undefined {
    return this.all(name)[0];
  }

  /** All tasks of this name. */
  all(name: string): readonly TaskClass[] {
    return this.classes().filter((cls) => declaredNameOf(cls) === name);
  }

  /** Classes declared since the modules were loaded, by this copy of the package or another. */
  classes(): readonly TaskClass[] {
    return [...new Set([...declaredTasks(), ...this.#exported])];
  }

  #find(name: string): TaskClass {
    const found = this.all(name);
    if (found.length === 1) return found[0]!;
    const { pool, modules } = this.#start;
    if (found.length > 1)
      throw new DeclarationError(
        `${found.length} tasks of the modules of ${pool}() are called ${name}; give one of them another name, or leave the module out that should not be there (${modules.join(', ')})`,
      );
    const names = [...new Set(this.classes().map(declaredNameOf))].sort();
    const meant = nearestName(name, names);
    throw new DeclarationError(
      `the worker knows no task ${name}: its modules (${modules.join(', ')}) declare ${names.join(', ') || 'no tasks'}${meant ? ` (is it ${meant}?)` : ''}. Add the file that declares ${name} to the modules of ${pool}()`,
    );
  }
}

async function importFile(file: string): Promise<object | undefined> {
  try {
    return (await importModule(file)) as object | undefined;
  } catch (error) {
    if (isInstance(error, LoadError)) throw error;
    throw new LoadError(file, describeError(error), error);
  }
}

async function loadContainer({ container, pool }: StartMessage): Promise<Container> {
  if (container === undefined) return typediContainer;
  const exported = (await importFile(container)) as { container?: unknown; default?: unknown } | undefined;
  // A default export of CommonJS may itself hold one, as `import()` sees it.
  const given = (await (exported?.container ?? exported?.default)) as Partial<Container> | undefined;
  if (typeof given?.resolve === 'function') return given as Container;
  throw new LoadError(
    container,
    `it is the container of ${pool}(), but exports no \`container\` with a method resolve(cls)`,
  );
}

/** How long a container may take to close, in milliseconds. */
const closeTimeout = 5_000;

/** How many workers of this process use a container. */
const users = new WeakMap<Container, number>();

/** The use of a container by one worker; the last one in a process closes the container. */
class ContainerUse {
  readonly #container: Container;
  readonly #file: string;
  #ending: Promise<string | undefined> | undefined;

  /** @param file the one that exports the container */
  constructor(container: Container, file: string) {
    this.#container = container;
    this.#file = file;
    users.set(container, (users.get(container) ?? 0) + 1);
  }

  /** Never rejects: gives why the container could not be closed. */
  end(): Promise<string | undefined> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  async #end(): Promise<string | undefined> {
    const others = users.get(this.#container)! - 1;
    users.set(this.#container, others);
    if (others > 0 || typeof this.#container.close !== 'function') return undefined;
    try {
      await withTimeout(this.#container.close());
      return undefined;
    } catch (error) {
      return `the container ${this.#file} could not be closed: ${explainError(error)}`;
    }
  }
}

async function withTimeout(closing: Awaitable<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((_, reject) => {
    const error = new Error(`its close() did not end within ${closeTimeout / 1000} s`);
    timer = setTimeout(reject, closeTimeout, error);
  });
  try {
    await Promise.race([closing, late]);
  } finally {
    clearTimeout(timer);
  }
}
