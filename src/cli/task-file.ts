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
import { provideTidemark, type WorkerArguments } from './provide-tidemark';
import { redirectPrinted } from './run-output';

const defaultTask = 'Main';
const endings = /\.(?:[cm]?[jt]s|tsx)$/;

/** True for an argument with the extension of a task file. */
export function isFileName(argument: string): boolean {
  return endings.test(argument);
}

/** A file of the user, with the tasks that it declares or imports. */
export class TaskFile {
  readonly path: string;
  readonly workerArguments: WorkerArguments;
  readonly #exported: Readonly<Record<string, unknown>>;

  private constructor(path: string, workerArguments: WorkerArguments, exported: Readonly<Record<string, unknown>>) {
    this.path = path;
    this.workerArguments = workerArguments;
    this.#exported = exported;
  }

  /** @throws {UsageError | LoadError} for a file that cannot be loaded */
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
   * Finds a task by its name; without a name, `Main` or the default export.
   *
   * @throws {UsageError} for an unknown name
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
    const suggestion = name === undefined ? undefined : nearestName(name, names);
    throw new UsageError(
      `${file} has no task ${name ?? defaultTask}${suggestion ? `; did you mean ${suggestion}?` : `; it has ${names.join(', ')}`}`,
    );
  }

  /** Tasks by name. Exported ones take precedence over others that were declared. */
  #tasks(): ReadonlyMap<string, TaskClass> {
    const tasks = new Map<string, TaskClass>();
    for (const cls of [...declaredTasks(), ...Object.values(this.#exported).filter(isTaskClass)])
      tasks.set(declaredNameOf(cls), cls);
    return tasks;
  }
}

function checkFile(name: string, path: string): void {
  if (name.startsWith('-')) throw new UsageError(`expected a file, then a task, then params; ${name} is not a file`);
  if (!existsSync(path)) {
    const folder = dirname(path);
    const known = existsSync(folder) ? readdirSync(folder).filter(isFileName) : [];
    const suggestion = nearestName(basename(path), known);
    throw new UsageError(
      `file not found: ${name}${suggestion ? `; did you mean ${relative('', resolve(folder, suggestion))}?` : ''}`,
    );
  }
  if (!statSync(path).isFile()) throw new UsageError(`${name} is a folder, not a file that declares tasks`);
  if (!isFileName(path)) throw new UsageError(`${name} is not a TypeScript or JavaScript file`);
}

async function importTaskFile(path: string, isHooked: boolean): Promise<object> {
  try {
    return ((await importModule(path)) ?? {}) as object;
  } catch (error) {
    if (isInstance(error, LoadError)) throw error;
    const isMissing = (error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND';
    // Older versions of Node call hooks for `import` only, not for an ES module that is required.
    if (isHooked && isMissing && describeError(error).includes("'tidemark'")) return import(pathToFileURL(path).href);
    throw new LoadError(path, describeLoadFailure(error), error);
  }
}

/** The first line of a stack has the position of a syntax error. */
function describeLoadFailure(error: unknown): string {
  const place = isInstance(error, SyntaxError)
    ? /^(\S.*:\d+)\n/.exec(stringProperty(error, 'stack') ?? '')?.[1]
    : undefined;
  return place === undefined
    ? describeError(error).replace(/\nRequire stack:.*/s, '')
    : `${describeError(error)} (${place})`;
}
