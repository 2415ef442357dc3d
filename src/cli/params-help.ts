import { definitionOf } from '../task/definition';
import { showValue } from '../task/show';
import type { TaskClass } from '../task/task-class';
import { nameOfKind } from './convert';
import { optionName } from './read-arguments';
import { align } from './table';
import { type CommandLineParam, paramsOf } from './task-params';

/** The params of a task as its help shows them. */
export async function helpOfParams(cls: TaskClass): Promise<string> {
  const params = [...(await paramsOf(cls)).values()];
  const { name } = definitionOf(cls);
  if (params.length === 0) return `${name} has no params.\n`;
  const rows = params.map((param) => [`  ${written(param)}`, about(param)]);
  return `Params of ${name}:\n${align(rows)
    .map((line) => `${line}\n`)
    .join('')}`;
}

function written({ definition: { name }, kind }: CommandLineParam): string {
  return kind === Boolean ? `--[no-]${optionName(name)}` : `--${optionName(name)} <${nameOfKind(kind)}>`;
}

function about({ definition: { describe, secret, keyed }, fallback, isRequired }: CommandLineParam): string {
  const facts = [
    isRequired && 'required',
    fallback !== undefined && `default: ${secret ? '(secret)' : showValue(fallback)}`,
    !keyed && 'not part of the key',
  ].filter(Boolean);
  return [describe, facts.length > 0 && `(${facts.join('; ')})`].filter(Boolean).join(' ');
}
