import type { Command } from 'commander';
import { Runner } from '../run/runner';
import type { Storage } from '../storage/storage';
import { definitionOf } from '../task/definition';
import type { TaskClass } from '../task/task-class';
import { readParams } from './given-params';
import { Misuse } from './misuse';
import { print } from './output';
import { helpOfParams } from './params-help';
import { addStorageOption, type StorageOption, storageFor } from './storage-option';
import { TaskFile } from './task-file';

/** The options of every command that is about a task of a file. */
export interface TaskOptions extends StorageOption {
  readonly params?: string;
  readonly paramsFile?: string;
  readonly help?: true;
}

/** What such a command is about. */
export interface MeantTask {
  readonly file: TaskFile;
  readonly cls: TaskClass;
  readonly name: string;
  readonly params: Record<string, unknown>;
  readonly storage: Storage;
}

/** Gives a command a file, a task and its params. Unknown options are params; commander keeps them in `args`. */
export function addTask(command: Command): Command {
  command
    .usage('FILE [Task] [--param value …] [options]')
    .argument('[file]', 'TypeScript or JavaScript that declares the task')
    .argument('[task]', 'its name (default: Main)')
    .helpOption(false)
    .allowUnknownOption()
    .allowExcessArguments()
    .option('--params <json>', 'params as JSON, for those that are not named one by one')
    .option('--params-file <file>', 'the same, from a file');
  addStorageOption(command, 'beside FILE');
  command.option('-h, --help', "this text and, with FILE, the task's own params");
  return command;
}

/** Loads the file and reads the params; undefined when help was asked for, which is given then. */
export async function meantTask(command: Command): Promise<MeantTask | undefined> {
  const options = command.opts<TaskOptions>();
  const { file: fileName, task: taskName, rest } = split(command.args);
  if (options.help && fileName === undefined) return void print(command.helpInformation());
  if (fileName === undefined) throw new Misuse(`which file? tidemark ${command.name()} ${command.usage()}`);
  const file = await TaskFile.load(fileName);
  const cls = file.task(taskName);
  if (options.help) return void print(`${command.helpInformation()}\n${await helpOfParams(cls)}`);
  const params = await readParams(cls, {
    args: rest,
    json: options.params,
    file: options.paramsFile,
    options: command.options.map((option) => option.attributeName()),
  });
  return { file, cls, name: definitionOf(cls).name, params, storage: storageFor(options, file.path) };
}

/** Uses a runner for as long as something is done with it, and its storage. */
export async function withRunner<R>(
  { storage }: MeantTask,
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

function split(args: readonly string[]): {
  readonly file: string | undefined;
  readonly task: string | undefined;
  readonly rest: readonly string[];
} {
  const [file, task, ...others] = args;
  if (task === undefined || task.startsWith('-')) return { file, task: undefined, rest: args.slice(1) };
  return { file, task, rest: others };
}
