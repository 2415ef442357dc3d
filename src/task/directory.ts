import { join, resolve, sep } from 'node:path';
import { TidemarkError } from '../error';

const brand = Symbol.for('tidemark.task-directory');
let isInUse = false;

/**
 * A folder for one task alone, empty when it starts. A saved task keeps it for as long as its checkpoint is kept;
 * that of another task is removed when the run ends.
 *
 * Its files are not part of the result's bytes: they are neither encoded nor flushed to the disk.
 *
 * @example
 * @Task({ save: true })
 * class Unpack {
 *   @Param() archive!: string;
 *   @Requires(TaskDirectory) directory!: TaskDirectory;
 *   async run(): Promise<TaskDirectory> {
 *     await unpack(this.archive, this.directory.path);
 *     return this.directory; // whoever requires it finds the files, in this run and in later ones
 *   }
 * }
 */
export class TaskDirectory {
  readonly #path: string | undefined;
  readonly #name: string | undefined;

  /** Any folder as a task's directory: for tests of tasks. In a run, `@Requires(TaskDirectory)` makes them. */
  constructor(path: string);
  /**
   * @internal
   * @param path undefined when it is not known on this machine
   * @param name what a checkpoint calls it: `Task/hash.d/nonce`; undefined when none keeps it
   */
  constructor(path: string | undefined, name: string | undefined);
  constructor(path: string | undefined, name?: string) {
    this.#path = path === undefined ? undefined : resolve(path);
    this.#name = name;
    isInUse = true;
  }

  /** Where it is on this machine: an absolute path. */
  get path(): string {
    if (this.#path !== undefined) return this.#path;
    throw new TidemarkError(
      `where the task directory ${this.#name} is kept is not known here: only a runner with the option \`directories\` can tell`,
    );
  }

  /**
   * The path of a file in it. Makes nothing.
   *
   * @throws {TidemarkError} when that is not inside
   * @example
   * await writeFile(this.directory.file('model.onnx'), bytes);
   */
  file(...segments: string[]): string {
    const path = join(this.path, ...segments);
    if (path === this.path || path.startsWith(this.path + sep)) return path;
    throw new TidemarkError(`${join(...segments)} leads out of the task directory ${this.path}`);
  }

  /** The path, so that `${directory}/a.txt` is one. */
  toString(): string {
    return this.path;
  }

  /** For messages and `console.log`. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return `TaskDirectory(${this.#path ?? this.#name})`;
  }

  /** @internal */
  static nameOf(directory: TaskDirectory): string | undefined {
    return directory.#name;
  }

  /** @internal Whether there has been any in this process: most programs have none. */
  static get isInUse(): boolean {
    return isInUse;
  }
}
Object.defineProperty(TaskDirectory, brand, { value: true });

/** Whether a value is the class `TaskDirectory`, also that of another copy of the package. */
export function isTaskDirectoryClass(value: unknown): value is typeof TaskDirectory {
  return typeof value === 'function' && (value as { [brand]?: unknown })[brand] === true;
}
