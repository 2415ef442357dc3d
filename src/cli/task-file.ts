import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describeError, isInstance, stringProperty } from '../base/describe-error';
import { nearestName } from '../base/show';
import { LoadError } from '../load/load-error';
import { importModule } from '../load/load-module';
import { registerTypeScript } from '../load/register-typescript';
import { declaredNameOf } from '../task/declaration';
import { isTaskClass } from '../task/definition';
import { declaredTasks } from '../task/registry';
import type { TaskClass } from '../task/task-class';
import { UsageError } from './errors';
import { provideTidemark, type WorkerArguments } from './own-copy';
import { redirectPrinted } from './run-output';

const defaultTask = 'Main';
const endings = /\.(?:[cm]?[jt]s|tsx)$/;

/** Whether an argument is meant to be a file with tasks. */
export function isFileName(argument: string): boolean {
  return endings.test(argument);
}

/** A file of the user's and the tasks that it declares or imports. */
export class TaskFile {
  readonly path: string;
  readonly workerArguments: WorkerArguments;
  readonly #exported: Readonly<Record<string, unknown>>;

  private constructor(path: string, workerArguments: WorkerArguments, exported: Readonly<Record<string, unknown>>) {
    this.path = path;
    this.workerArguments = workerArguments;
    this.#exported = exported;
  }

  /** @throws {Misuse | LoadError} when it cannot be loaded */
  static async load(name: string): Promise<TaskFile> {
    const path = resolve(name);
    checkFile(name, path);
    if (/\.(?:[cm]?ts|tsx)$/.test(path)) registerTypeScript();
    const workerArguments = provideTidemark(path);
    declaredTasks();
    const end = redirectPrinted();
    const exported = await importTaskFile(path, workerArguments !== undefined).finally(end);
    return new TaskFile(path, workerArguments, { ...exported });
  }

  /**
   * The task of this name; without one, `Main` or the default export.
   *
   * @throws {Misuse} when there is none
   */
  task(name: string | undefined): TaskClass {
    const tasks = this.#tasks();
    const found = tasks.get(name ?? defaultTask);
    if (found) return found;
    const { default: byDefault } = this.#exported;
    if (name === undefined && isTaskClass(byDefault)) return byDefault;
    const names = [...tasks.keys()].sort();
    const file = relative('', this.path);
    if (names.length === 0) throw new UsageError(`${file} declares no task: none of its classes has @Task()`);
    const meant = name === undefined ? undefined : nearestName(name, names);
    throw new UsageError(
      `${file} has no task ${name ?? defaultTask}${meant ? `; did you mean ${meant}?` : `; it has ${names.join(', ')}`}`,
    );
  }

  /** By name; what the file exports goes before what else was declared. */
  #tasks(): ReadonlyMap<string, TaskClass> {
    const tasks = new Map<string, TaskClass>();
    for (const cls of [...declaredTasks(), ...Object.values(this.#exported).filter(isTaskClass)])
      tasks.set(declaredNameOf(cls), cls);
    return tasks;
  }
}

function checkFile(name: string, path: string): void {
  if (name.startsWith('-'))
    throw new UsageError(`the file comes first, then the task, then its params; ${name} is no file`);
  if (!existsSync(path)) {
    const folder = dirname(path);
    const known = existsSync(folder) ? readdirSync(folder).filter(isFileName) : [];
    const meant = nearestName(basename(path), known);
    throw new UsageError(
      `there is no file ${name}${meant ? `; did you mean ${relative('', resolve(folder, meant))}?` : ''}`,
    );
  }
  if (!statSync(path).isFile()) throw new UsageError(`${name} is a folder; name a file that declares tasks`);
  if (!isFileName(path)) throw new UsageError(`${name} is neither TypeScript nor JavaScript`);
}

async function importTaskFile(path: string, isHooked: boolean): Promise<object> {
  try {
    return ((await importModule(path)) ?? {}) as object;
  } catch (error) {
    if (isInstance(error, LoadError)) throw error;
    const isMissing = (error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND';
    // Older versions of Node ask hooks for `import` only, not for an ES module that is required.
    if (isHooked && isMissing && describeError(error).includes("'tidemark'")) return import(pathToFileURL(path).href);
    throw new LoadError(path, describeLoadFailure(error), error);
  }
}

/** Node says on the first lines of the stack where a file breaks off. */
function describeLoadFailure(error: unknown): string {
  const place = isInstance(error, SyntaxError)
    ? /^(\S.*:\d+)\n/.exec(stringProperty(error, 'stack') ?? '')?.[1]
    : undefined;
  return place === undefined
    ? describeError(error).replace(/\nRequire stack:.*/s, '')
    : `${describeError(error)} (${place})`;
}
