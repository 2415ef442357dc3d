import { Misuse } from './misuse';
import type { CommandLineParam } from './task-params';

type Known = ReadonlyMap<string, CommandLineParam>;

/** How a param is written on the command line: `learningRate` may be `--learning-rate`. */
export function optionName(name: string): string {
  return name.replaceAll(/[a-z0-9](?=[A-Z])/g, '$&-').toLowerCase();
}

/**
 * The texts of the params in `--epochs 20 --seeds 1 --seeds 2 --rate=0.1 --shuffle --no-verbose`, by param.
 *
 * @throws {Misuse} when something is no param, or has no value
 */
export function readArguments(args: readonly string[], known: Known): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === '--') continue;
    const [, written, assigned] = /^--([^=]+)(?:=(.*))?$/s.exec(arg) ?? [];
    if (written === undefined)
      throw new Misuse(`what is ${arg}? Params are written --name value, after the file and the task`);
    const { name, text } = named(written, known);
    const isFlag = known.get(name)?.kind === Boolean;
    const next = args[i + 1];
    const takesNext =
      text === undefined &&
      assigned === undefined &&
      next !== undefined &&
      !/^--./.test(next) &&
      // `--shuffle Train`: what stands behind a flag need not be its value.
      (!isFlag || /^(?:true|false|yes|no|0|1)$/i.test(next));
    if (takesNext) i++;
    const value = text ?? assigned ?? (takesNext ? next : isFlag ? 'true' : undefined);
    if (value === undefined && known.has(name))
      throw new Misuse(`the param ${name} has no value: --${written} <value>`);
    found.set(name, [...(found.get(name) ?? []), value ?? '']);
  }
  return found;
}

/** The param that is meant, and its value when the name says that. */
function named(written: string, known: Known): { readonly name: string; readonly text?: string } {
  const name = find(written, known);
  if (name !== undefined) return { name };
  const denied = written.startsWith('no-') ? find(written.slice(3), known) : undefined;
  return denied !== undefined && known.get(denied)!.kind === Boolean
    ? { name: denied, text: 'false' }
    : { name: written };
}

function find(written: string, known: Known): string | undefined {
  if (known.has(written)) return written;
  return [...known.keys()].find((name) => optionName(name) === written);
}
