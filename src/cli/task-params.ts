import { Blueprint } from '../graph/blueprint';
import { typediContainer } from '../task/container';
import { definitionOf, type ParamDefinition } from '../task/definition';
import type { TaskClass } from '../task/task-class';

/** A param as the command line knows it. */
export interface CommandLineParam {
  readonly definition: ParamDefinition;
  /** The class of its values: as declared, or that of its default; undefined when neither tells. */
  readonly kind: Function | undefined;
  /** Whether the kind was declared, and is not just that of the default. */
  readonly isDeclared: boolean;
  readonly itemKind: Function | undefined;
  readonly fallback: unknown;
  readonly isRequired: boolean;
}

const plain: readonly unknown[] = [String, Number, Boolean, BigInt, Array, Date, RegExp, Map, Set, URL, Buffer];

/** The params of a task, with their defaults, which only an instance tells. */
export async function paramsOf(cls: TaskClass): Promise<ReadonlyMap<string, CommandLineParam>> {
  const task = definitionOf(cls);
  if (task.params.length === 0) return new Map();
  // Its services, and whether they can be made, matter only to who runs it.
  const { defaults } = await Blueprint.of(task, { resolve: typediContainer.resolve });
  return new Map(
    task.params.map((definition) => {
      const { name, type, optional, schema } = definition;
      const fallback = defaults.get(name)?.written;
      const param = {
        definition,
        kind: type ?? classOf(fallback),
        isDeclared: type !== undefined,
        itemKind: Array.isArray(fallback) ? classOfAll(fallback) : undefined,
        fallback,
        isRequired: fallback === undefined && !optional && !schema,
      };
      return [name, param];
    }),
  );
}

function classOf(value: unknown): Function | undefined {
  const cls = value?.constructor;
  return plain.includes(cls) ? cls : undefined;
}

/** The class that all items have. */
function classOfAll(items: readonly unknown[]): Function | undefined {
  const [first, ...others] = items.map(classOf);
  return others.every((other) => other === first) ? first : undefined;
}
