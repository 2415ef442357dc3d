import { join, resolve, sep } from 'node:path';
import { layout, shareClass, sharedState, whyForeign } from '../base/shared-state';
import { TidemarkError } from '../error';

const brand = Symbol.for('tidemark.task-directory');
/** Where the parts of a directory are, of which there may be ones of other copies of the package. */
const parts = Symbol.for('tidemark.task-directory.parts');
/** Whether there has been any in this process: most programs have none. */
const use = sharedState('task-directories', () => ({ isMade: false }));

interface Parts {
  readonly path: string | undefined;
  readonly name: string | undefined;
}

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
  static {
    shareClass(TaskDirectory, 'task-directory');
  }

  /** @internal */
  declare readonly [parts]: Parts;

  /** Any folder as a task's directory: for tests of tasks. In a run, `@Requires(TaskDirectory)` makes them. */
  constructor(path: string);
  /**
   * @internal
   * @param path undefined when it is not known on this machine
   * @param name what a checkpoint calls it: `Task/hash.d/nonce`; undefined when none keeps it
   */
  constructor(path: string | undefined, name: string | undefined);
  constructor(path: string | undefined, name?: string) {
    // Not enumerable, as private fields are not.
    Object.defineProperty(this, parts, { value: { path: path === undefined ? undefined : resolve(path), name } });
    use.isMade = true;
  }

  /** Where it is on this machine: an absolute path. */
  get path(): string {
    const { path, name } = this[parts];
    if (path !== undefined) return path;
    throw new TidemarkError(
      `where the task directory ${name} is kept is not known here: only a runner with the option \`directories\` can tell`,
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
    return `TaskDirectory(${this[parts].path ?? this[parts].name})`;
  }

  /** @internal */
  static nameOf(directory: TaskDirectory): string | undefined {
    return directory[parts].name;
  }

  /** @internal Whether there has been any in this process: most programs have none. */
  static get isInUse(): boolean {
    return use.isMade;
  }
}
/**
 * Whether a value is the class `TaskDirectory`, also that of another copy of the package.
 *
 * @throws {TidemarkError} for that of a copy that does not work together with this one
 */
export function isTaskDirectoryClass(value: unknown): value is typeof TaskDirectory {
  const problem = typeof value === 'function' ? whyForeign(TaskDirectory, value.prototype) : undefined;
  if (problem !== undefined) throw new TidemarkError(`this TaskDirectory cannot be required: ${problem}`);
  return typeof value === 'function' && value.prototype?.[brand] === layout;
}
