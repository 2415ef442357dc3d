import type { KeyInputs } from '../graph/key';
import type { GraphNode } from '../graph/node';
import type { StorageStack } from '../storage/storage-stack';
import type { RecordFields } from '../storage/write-checkpoint';
import type { Container } from '../task/container';
import type { TaskContext, TaskKey } from '../task/context';

/** What an executor has to know that takes required results from the run's storage, and keeps results there itself. */
export interface SharedResults {
  /** Tells runs apart, whatever process they are in. */
  readonly runId: string;
  readonly layers: StorageStack;
  /** What the record of this task's result is to say; undefined when it is not saved. */
  readonly facts: Omit<RecordFields, 'seconds'> | undefined;
  /** What its `fingerprint()` said, of tasks that have one: where it says something else, the result is not saved. */
  readonly fingerprint: string | undefined;
  /** Whether it is computed anew although it may be saved. */
  readonly isForced: boolean;
  /** Whether results that are saved are frozen. @default true */
  readonly freezes?: boolean;
  /** What the task's key is made of besides the task and its params; undefined when it has none. */
  keyInputs(): KeyInputs | undefined;
  /** Key and digest of a required node's result, when that is saved in the storage. */
  savedAs(node: GraphNode): { readonly key: TaskKey; readonly digest: string } | undefined;
}

/** One attempt at a task: all that is needed to run it. */
export interface Job {
  readonly node: GraphNode;
  /**
   * The values of the task's requirements, in the order of its definition. For an executor that shares the storage,
   * `StoredResult`s may stand in them where whole results do.
   */
  readonly requirements: readonly unknown[];
  readonly context: TaskContext;
  readonly container: Container;
  /** Aborts once the run starts nothing new: what has not begun may then be given back by a `NotStartedError`. */
  readonly ending?: AbortSignal | undefined;
  /** For executors that take and keep results in the run's storage; undefined for others, and when nothing is kept. */
  readonly shared?: SharedResults | undefined;
  /** Told what is known of it besides its result. */
  readonly listener?: JobListener | undefined;
}

/** Told by executors that have workers of their own how an attempt goes. */
export interface JobListener {
  /** It begins to run, having waited until then: neither its time nor its timeout has counted before. */
  started?(): void;
  /** It waits again, as when its worker gave it back: its time, and its timeout, do not count any more. */
  waits?(): void;
  /**
   * A worker runs it, and nothing else until it is over. It has begun, if nothing else was said.
   *
   * @param worker a name that no other worker has at the same time, such as `threads 2`
   * @param pid the process that the worker is, when it is one
   */
  assigned(worker: string, pid?: number): void;
  /** What the task printed, where that is known: the end of it, told once when the attempt is over. */
  printed(output: string): void;
}

/** What runs tasks. */
export interface Executor {
  readonly name: string;
  /** How many jobs it takes at once; what is ready beyond that waits in the run, which knows what goes first. @default 64 */
  readonly concurrency?: number;
  /** Whether it reports the start of jobs to their listeners. Until then, their timeouts do not run. */
  readonly tellsStart?: boolean;
  /**
   * Whether tasks run elsewhere, as in other threads or processes: on instances that are made there, so the runner's
   * container need not know their services, and with copies of what they require. An executor that is not remote is
   * given a copy of what a task could change and others receive as well.
   *
   * @default false
   */
  readonly isRemote?: boolean;
  /** Whether it takes results from the run's storage and keeps them there: it is given, and may give, `StoredResult`s. */
  readonly sharesStorage?: boolean;
  /**
   * Runs a task; gives its result or a promise of it, and throws or rejects with what it threw.
   *
   * A result that was made elsewhere may be a `ResultHandle`: an `EncodedResult` or a `StoredResult`, decoded only when its value is needed.
   */
  execute(job: Job): unknown;
  /**
   * Told of each queue that names it, before the queue's first job, by runners and by runs that override it.
   *
   * @param concurrency undefined when nothing is said of a limit
   * @returns what takes it back, called when the run that overrides it is over
   */
  useQueue?(name: string, concurrency: number | undefined): (() => void) | undefined;
  /** A run is over: what was kept for it alone can go. */
  endRun?(runId: string): Promise<void>;
  /** Lets go of what it holds. */
  close?(): Promise<void>;
}
