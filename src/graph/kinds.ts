import { isPromiseLike } from '../awaitable';
import type { CheckedContainer, Container } from '../task/container';
import { DeclarationError } from '../task/declaration-error';
import { definitionOf, type TaskDefinition } from '../task/definition';
import type { TaskClass } from '../task/task-class';
import { Blueprint } from './blueprint';
import type { GraphNode } from './node';

/** The blueprint of a task in one graph, with its nodes by identity. */
export interface Kind {
  readonly blueprint: Blueprint;
  readonly nodes: Map<string | number, GraphNode>;
}

/** The tasks of one graph. */
export class Kinds {
  readonly #container: Container & Partial<CheckedContainer>;
  readonly #blueprints: Map<TaskDefinition, Blueprint>;
  readonly #kinds = new Map<TaskClass, Kind>();
  readonly #classByName = new Map<string, TaskClass>();

  /** @param blueprints kept from one graph to the next */
  constructor(container: Container & Partial<CheckedContainer>, blueprints: Map<TaskDefinition, Blueprint>) {
    this.#container = container;
    this.#blueprints = blueprints;
  }

  get tasks(): readonly TaskDefinition[] {
    return Array.from(this.#kinds.values(), ({ blueprint }) => blueprint.task);
  }

  /** That of a class; a promise when it must be asked for again later. */
  of(cls: TaskClass): Kind | Promise<undefined> {
    const known = this.#kinds.get(cls);
    if (known) return known;
    const definition = definitionOf(cls);
    const namesake = this.#classByName.get(definition.name);
    if (namesake && namesake !== cls) {
      throw new DeclarationError(
        `two classes in one graph have the name ${definition.name}; rename one: @Task({ name: … })`,
      );
    }
    this.#classByName.set(definition.name, cls);
    const blueprint = this.#blueprints.get(definition) ?? Blueprint.of(definition, this.#container);
    if (isPromiseLike(blueprint))
      return Promise.resolve(blueprint).then((made) => void this.#add(cls, definition, made));
    return this.#add(cls, definition, blueprint as Blueprint);
  }

  /** The blueprint that a node was made by. */
  blueprintOf({ task }: GraphNode): Blueprint {
    return this.#kinds.get(task.cls)!.blueprint;
  }

  #add(cls: TaskClass, definition: TaskDefinition, blueprint: Blueprint): Kind {
    const kind = this.#kinds.get(cls) ?? { blueprint, nodes: new Map() };
    this.#kinds.set(cls, kind);
    this.#blueprints.set(definition, kind.blueprint);
    return kind;
  }
}
