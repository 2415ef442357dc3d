import type { Command } from 'commander';
import { showValue } from '../base/show';
import { Runner } from '../run/runner';
import type { Storage } from '../storage/storage';
import { definitionOf } from '../task/definition';
import type { TaskClass } from '../task/task-class';
import { kindName } from './convert';
import { UsageError } from './errors';
import { print } from './output';
import { readParams } from './read-params';
import { addStorageOption, type StorageOption, storageFor } from './storage';
import { align } from './table';
import { TaskFile } from './task-file';
import { type CommandLineParam, optionName, paramsOf } from './task-params';

/** The help text for the params of a task. */
async function formatParamsHelp(cls: TaskClass): Promise<string> {
  const params = [...(await paramsOf(cls)).values()];
  const { name } = definitionOf(cls);
  if (params.length === 0) return `${name} has no params.\n`;
  const rows = params.map((param) => [`  ${paramSyntax(param)}`, paramDescription(param)]);
  return `Params of ${name}:\n${align(rows)
    .map((line) => `${line}\n`)
    .join('')}`;
}

function paramSyntax({ definition: { name }, kind }: CommandLineParam): string {
  return kind === Boolean ? `--[no-]${optionName(name)}` : `--${optionName(name)} <${kindName(kind)}>`;
}

function paramDescription({ definition: { describe, secret, keyed }, fallback, isRequired }: CommandLineParam): string {
  const facts = [
    isRequired && 'required',
    fallback !== undefined && `default: ${secret ? '(secret)' : showValue(fallback)}`,
    !keyed && 'not part of the key',
  ].filter(Boolean);
  return [describe, facts.length > 0 && `(${facts.join('; ')})`].filter(Boolean).join(' ');
}

/** Options of all commands for a task of a file. */
export interface TaskCommandOptions extends StorageOption {
  readonly params?: string;
  readonly paramsFile?: string;
  readonly help?: true;
}

/** The task that a command was given. */
export interface SelectedTask {
  readonly file: TaskFile;
  readonly cls: TaskClass;
  readonly name: string;
  readonly params: Record<string, unknown>;
  readonly storage: Storage;
}

/** Adds arguments for a file, a task and its params to a command. Unknown options are params, which Commander keeps in `args`. */
export function addTaskArguments(command: Command): Command {
  command
    .usage('FILE [Task] [--param value …] [options]')
    .argument('[file]', 'TypeScript or JavaScript file that declares the task')
    .argument('[task]', 'name of the task (default: Main)')
    .helpOption(false)
    .allowUnknownOption()
    .allowExcessArguments()
    .option('--params <json>', 'params as JSON')
    .option('--params-file <file>', 'JSON file with params');
  addStorageOption(command, 'beside FILE');
  command.option('-h, --help', 'show this help and, with FILE, the params of the task');
  return command;
}

/** Loads the file and reads the params. With `--help`, prints the help and returns undefined. */
export async function selectTask(command: Command): Promise<SelectedTask | undefined> {
  const options = command.opts<TaskCommandOptions>();
  const { file: fileName, task: taskName, rest } = splitArguments(command.args);
  if (options.help && fileName === undefined) return void print(command.helpInformation());
  if (fileName === undefined)
    throw new UsageError(`missing FILE; usage: tidemark ${command.name()} ${command.usage()}`);
  const file = await TaskFile.load(fileName);
  const cls = file.task(taskName);
  if (options.help) return void print(`${command.helpInformation()}\n${await formatParamsHelp(cls)}`);
  const params = await readParams(cls, {
    args: rest,
    json: options.params,
    file: options.paramsFile,
    options: command.options.map((option) => option.attributeName()),
  });
  return { file, cls, name: definitionOf(cls).name, params, storage: storageFor(options, file.path) };
}

/** Uses a runner, then closes it and its storage. */
export async function withRunner<R>(
  { storage }: SelectedTask,
  options: Omit<ConstructorParameters<typeof Runner>[0] & object, 'storage'>,
  use: (runner: Runner) => Promise<R>,
): Promise<R> {
  const runner = new Runner({ ...options, storage });
  try {
    return await use(runner);
  } finally {
    await runner.close();
    await storage.close();
  }
}

function splitArguments(args: readonly string[]): {
  readonly file: string | undefined;
  readonly task: string | undefined;
  readonly rest: readonly string[];
} {
  const [file, task, ...others] = args;
  if (task === undefined || task.startsWith('-')) return { file, task: undefined, rest: args.slice(1) };
  return { file, task, rest: others };
}
