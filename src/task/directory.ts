import { join, resolve, sep } from 'node:path';
import { TidemarkError } from '../base/error';
import { layout, shareClass, sharedState, whyForeign } from '../base/shared-state';

const brand = Symbol.for('tidemark.task-directory');
/** The property with the parts of a directory, the same in all copies of the package. */
const parts = Symbol.for('tidemark.task-directory.parts');
/** Records the first use of directories in this process: most programs use none. */
const use = sharedState('task-directories', () => ({ isMade: false }));

interface Parts {
  readonly path: string | undefined;
  readonly name: string | undefined;
}

/**
 * A folder for one task, empty when the task starts. The directory of a saved task exists as long as its checkpoint;
 * that of any other task is removed when the run ends.
 *
 * Its files are not part of the result's bytes: they are neither encoded nor flushed to disk.
 *
 * @example
 * @Task({ save: true })
 * class Unpack {
 *   @Param() archive!: string;
 *   @Requires(TaskDirectory) directory!: TaskDirectory;
 *   async run(): Promise<TaskDirectory> {
 *     await unpack(this.archive, this.directory.path);
 *     return this.directory; // tasks that require it find the files, in this run and in later ones
 *   }
 * }
 */
export class TaskDirectory {
  static {
    shareClass(TaskDirectory, 'task-directory');
  }

  /** @internal */
  declare readonly [parts]: Parts;

  /** Wraps any folder, for tests of tasks. In a run, `@Requires(TaskDirectory)` makes the directories. */
  constructor(path: string);
  /**
   * @internal
   * @param path undefined if it is not known on this machine
   * @param name its name in checkpoints: `Task/hash.d/nonce`; undefined if no checkpoint keeps it
   */
  constructor(path: string | undefined, name: string | undefined);
  constructor(path: string | undefined, name?: string) {
    // Not enumerable, like private fields.
    Object.defineProperty(this, parts, { value: { path: path === undefined ? undefined : resolve(path), name } });
    use.isMade = true;
  }

  /** The absolute path on this machine. */
  get path(): string {
    const { path, name } = this[parts];
    if (path !== undefined) return path;
    throw new TidemarkError(
      `the path of the task directory ${name} is unknown here: only a runner with the option \`directories\` provides it`,
    );
  }

  /**
   * The path of a file in the directory. Does not create the file.
   *
   * @throws {TidemarkError} if the path is outside
   * @example
   * await writeFile(this.directory.file('model.onnx'), bytes);
   */
  file(...segments: string[]): string {
    const path = join(this.path, ...segments);
    if (path === this.path || path.startsWith(this.path + sep)) return path;
    throw new TidemarkError(`${join(...segments)} is outside of the task directory ${this.path}`);
  }

  /** The path, so that `${directory}/a.txt` is a valid path. */
  toString(): string {
    return this.path;
  }

  /** For messages and `console.log`. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return `TaskDirectory(${this[parts].path ?? this[parts].name})`;
  }

  /** @internal */
  static nameOf(directory: TaskDirectory): string | undefined {
    return directory[parts].name;
  }

  /** @internal True once the process has made a directory: most programs make none. */
  static get isInUse(): boolean {
    return use.isMade;
  }
}

/**
 * True for the class `TaskDirectory`, of this or another copy of the package.
 *
 * @throws {TidemarkError} for the class of an incompatible copy
 */
export function isTaskDirectoryClass(value: unknown): value is typeof TaskDirectory {
  const problem = typeof value === 'function' ? whyForeign(TaskDirectory, value.prototype) : undefined;
  if (problem !== undefined) throw new TidemarkError(`this TaskDirectory cannot be required: ${problem}`);
  return typeof value === 'function' && value.prototype?.[brand] === layout;
}
