import { describeError, isInstance } from '../../base/describe-error';
import { LoadError } from '../../load/load-error';
import { importModule } from '../../load/load-module';
import { type Container, typediContainer } from '../../task/container';
import { declaredNameOf } from '../../task/declaration';
import { DeclarationError } from '../../task/declaration-error';
import { isTaskClass } from '../../task/definition';
import { nearest } from '../../task/nearest';
import { notedTasks } from '../../task/registry';
import type { TaskClass } from '../../task/task-class';
import { noteModule } from '../pool/error-classes';
import type { StartMessage } from '../pool/messages';
import { ContainerUse } from './container-use';

/** What a worker has loaded: task classes by name, and the container that makes their instances. */
export class Catalogue {
  readonly container: Container;
  readonly #use: ContainerUse | undefined;
  readonly #start: StartMessage;
  readonly #exported: readonly TaskClass[];
  readonly #byName = new Map<string, TaskClass>();

  private constructor(start: StartMessage, exported: readonly TaskClass[], container: Container) {
    this.#start = start;
    this.#exported = exported;
    this.container = container;
    if (start.container !== undefined) this.#use = new ContainerUse(container, start.container);
  }

  /** Closes the container that the worker's file exports. Never rejects: gives why that could not be done. */
  async close(): Promise<string | undefined> {
    return this.#use?.end();
  }

  /** @throws {LoadError} when a module cannot be loaded */
  static async load(start: StartMessage): Promise<Catalogue> {
    notedTasks();
    const exported: TaskClass[] = [];
    for (const file of start.modules) {
      const module = await load(file);
      noteModule(file, module);
      exported.push(...Object.values(module ?? {}).filter(isTaskClass));
    }
    return new Catalogue(start, exported, await containerOf(start));
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

  /** What was declared while the modules were loaded or later, and what another copy of this package declared. */
  classes(): readonly TaskClass[] {
    return [...new Set([...notedTasks(), ...this.#exported])];
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
    const meant = nearest(name, names);
    throw new DeclarationError(
      `the worker knows no task ${name}: its modules (${modules.join(', ')}) declare ${names.join(', ') || 'no tasks'}${meant ? ` (is it ${meant}?)` : ''}. Add the file that declares ${name} to the modules of ${pool}()`,
    );
  }
}

async function load(file: string): Promise<object | undefined> {
  try {
    return (await importModule(file)) as object | undefined;
  } catch (error) {
    if (isInstance(error, LoadError)) throw error;
    throw new LoadError(file, describeError(error), error);
  }
}

async function containerOf({ container, pool }: StartMessage): Promise<Container> {
  if (container === undefined) return typediContainer;
  const exported = (await load(container)) as { container?: unknown; default?: unknown } | undefined;
  // A default export of CommonJS may itself hold one, as `import()` sees it.
  const given = (await (exported?.container ?? exported?.default)) as Partial<Container> | undefined;
  if (typeof given?.resolve === 'function') return given as Container;
  throw new LoadError(
    container,
    `it is the container of ${pool}(), but exports no \`container\` with a method resolve(cls)`,
  );
}
