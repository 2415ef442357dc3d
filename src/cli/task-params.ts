import { TaskTemplate } from '../graph/task-template';
import { typediContainer } from '../task/container';
import { definitionOf, type ParamDefinition } from '../task/definition';
import type { TaskClass } from '../task/task-class';
import { UsageError } from './errors';

/** A param with its type for the command line. */
export interface CommandLineParam {
  readonly definition: ParamDefinition;
  /** The declared class of its values, or that of its default; undefined when neither is known. */
  readonly kind: Function | undefined;
  /** Whether the class was declared rather than taken from the default. */
  readonly isDeclared: boolean;
  readonly itemKind: Function | undefined;
  readonly fallback: unknown;
  readonly isRequired: boolean;
}

const knownClasses: readonly unknown[] = [String, Number, Boolean, BigInt, Array, Date, RegExp, Map, Set, URL, Buffer];

/** The params of a task with their defaults, which are read from an instance. */
export async function paramsOf(cls: TaskClass): Promise<ReadonlyMap<string, CommandLineParam>> {
  const task = definitionOf(cls);
  if (task.params.length === 0) return new Map();
  // Services are needed only to run the task.
  const { defaults } = await TaskTemplate.create(task, { resolve: typediContainer.resolve });
  return new Map(
    task.params.map((definition) => {
      const { name, type, optional, schema } = definition;
      const fallback = defaults.get(name)?.declared;
      const param = {
        definition,
        kind: type ?? classOf(fallback),
        isDeclared: type !== undefined,
        itemKind: Array.isArray(fallback) ? commonClass(fallback) : undefined,
        fallback,
        isRequired: fallback === undefined && !optional && !schema,
      };
      return [name, param];
    }),
  );
}

function classOf(value: unknown): Function | undefined {
  const cls = value?.constructor;
  return knownClasses.includes(cls) ? cls : undefined;
}

/** The class that all items share. */
function commonClass(items: readonly unknown[]): Function | undefined {
  const [first, ...others] = items.map(classOf);
  return others.every((other) => other === first) ? first : undefined;
}

type ParamsByName = ReadonlyMap<string, CommandLineParam>;

/** The option for a param: `learningRate` is `--learning-rate`, or `--learningRate`. */
export function optionName(name: string): string {
  return name.replaceAll(/[a-z0-9](?=[A-Z])/g, '$&-').toLowerCase();
}

/**
 * Parses params such as `--epochs 20 --seeds 1 --seeds 2 --rate=0.1 --shuffle --no-verbose` into texts by param.
 *
 * @throws {UsageError} for an argument that is not a param, or a param without a value
 */
export function readArguments(args: readonly string[], known: ParamsByName): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === '--') continue;
    const [, written, assigned] = /^--([^=]+)(?:=(.*))?$/s.exec(arg) ?? [];
    if (written === undefined)
      throw new UsageError(`unexpected argument ${arg}; write params as --name value, after the file and the task`);
    const { name, text } = resolveOption(written, known);
    const isFlag = known.get(name)?.kind === Boolean;
    const next = args[i + 1];
    const takesNext =
      text === undefined &&
      assigned === undefined &&
      next !== undefined &&
      !/^--./.test(next) &&
      // `--shuffle Train`: the argument after a flag may not be its value.
      (!isFlag || /^(?:true|false|yes|no|0|1)$/i.test(next));
    if (takesNext) i++;
    const value = text ?? assigned ?? (takesNext ? next : isFlag ? 'true' : undefined);
    if (value === undefined && known.has(name))
      throw new UsageError(`the param ${name} has no value: --${written} <value>`);
    found.set(name, [...(found.get(name) ?? []), value ?? '']);
  }
  return found;
}

/** The param for an option, with its value for `--no-…`. */
function resolveOption(written: string, known: ParamsByName): { readonly name: string; readonly text?: string } {
  const name = findParam(written, known);
  if (name !== undefined) return { name };
  const denied = written.startsWith('no-') ? findParam(written.slice(3), known) : undefined;
  return denied !== undefined && known.get(denied)!.kind === Boolean
    ? { name: denied, text: 'false' }
    : { name: written };
}

function findParam(written: string, known: ParamsByName): string | undefined {
  if (known.has(written)) return written;
  return [...known.keys()].find((name) => optionName(name) === written);
}
