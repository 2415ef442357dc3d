import type { Awaitable } from '../base/awaitable';
import {
  type Allowed,
  anything,
  checkOptions,
  isBoolean,
  milliseconds,
  numberFrom,
  oneOf,
} from '../base/check-options';
import { TidemarkError } from '../base/error';
import type { Executor } from '../executors/executor';
import type { StorageSource } from '../storage/open';
import type { Storage } from '../storage/storage';
import type { Container } from '../task/container';
import type { OutputOf, ParamsOf, Resolved } from '../task/output';
import type { TaskRef } from '../task/ref';
import type { TaskClass } from '../task/task-class';
import type { QueueOptions } from './queues';

/** Options of a runner. */
export interface RunnerOptions {
  /** The storage of results, or a source for `Storage.open`. @default 'file:.tidemark' */
  readonly storage?: Storage | StorageSource;
  /** Limits and executors by queue name; a task without a queue uses the queue of its own name. */
  readonly queues?: Readonly<Record<string, QueueOptions>>;
  /** The executor of tasks. @default inline() */
  readonly executor?: Executor;
  /** The number of tasks that run in the executor at the same time. @default 64 */
  readonly concurrency?: number;
  /**
   * The effect of a failure on other tasks: `'stop'` starts no further tasks, `'continue'` runs every task that does
   * not need the failed one. Running tasks finish and are saved either way.
   *
   * @default 'stop'
   */
  readonly onFailure?: 'stop' | 'continue';
  /**
   * The effect of a storage error: `'fail'` ends the run, `'compute'` warns, computes, and overwrites nothing that
   * cannot be read.
   *
   * @default 'fail'
   */
  readonly onStorageError?: 'fail' | 'compute';
  /** The reaction when the source of a task's class has changed since its result was saved. @default 'warn' */
  readonly sourceChange?: 'warn' | 'rerun' | 'ignore';
  /** Creates instances of task classes. @default typedi's global container */
  readonly container?: Container;
  /**
   * The folder for task directories when the storage has no place for them, both those of saved tasks and those that
   * are removed when the run ends. Each storage needs a folder of its own.
   *
   * @default next to the checkpoints of a file storage; the system's temporary folder for tasks that are not saved
   */
  readonly directories?: string;
  /** Freezes results that are saved or that several tasks receive. @default true */
  readonly freeze?: boolean;
  /** The default of the run option `join`. @default true */
  readonly join?: boolean;
  /**
   * The limit beyond which a graph counts as an infinite recursion: its number of nodes, the length of a chain of
   * requirements, and the depth to which results hold refs to each other.
   *
   * @default 10000000 nodes, a chain of 1000000 requirements, 10000 nested results with refs
   */
  readonly maxNodes?: number;
  /**
   * The time for which an attempt that ignores `context.signal` keeps its slot after its timeout, in milliseconds.
   * After that, other tasks may start while it still runs, beyond the limits.
   *
   * @default 10000
   */
  readonly timeoutGrace?: number;
  /** Receives warnings. @default process.emitWarning */
  readonly onWarning?: (message: string) => void;
  /** `'progress'` shows the progress of each run on stderr. @default undefined: nothing is written */
  readonly report?: 'progress' | undefined;
}

/** Options of one run. */
export interface RunOptions<Out = any> {
  /** Limits and executors for this run only, by queue name. */
  readonly queues?: Readonly<Record<string, QueueOptions>>;
  /** Recomputes everything, or these tasks and all that depends on them. @default false */
  readonly force?: boolean | readonly TaskClass[];
  /** @default the runner's */
  readonly onFailure?: 'stop' | 'continue';
  /** Called first: a return value other than undefined is the result of the run, and no task runs. */
  readonly restore?: () => Awaitable<Out | undefined>;
  /** Receives the result of the run. Errors of `checkpoint` and `restore` are reported, and the run continues. */
  readonly checkpoint?: (result: Out) => Awaitable<void>;
  /**
   * Waits for saved tasks that another run of this process is computing in the same storage, and loads their results
   * instead of computing them a second time. Forced tasks never wait.
   *
   * @default the runner's
   */
  readonly join?: boolean;
  /** Cancels the run when it aborts. */
  readonly signal?: AbortSignal;
}

const onFailure = oneOf('stop', 'continue');
const queues: Allowed = {
  includes: (value) => typeof value === 'object' && value !== null,
  text: 'an object with options for each queue',
};
const isFunction: Allowed = { includes: (value) => typeof value === 'function', text: 'a function' };
const runnerOptions: Readonly<Record<keyof RunnerOptions, Allowed>> = {
  storage: anything,
  queues,
  executor: anything,
  concurrency: anything,
  onFailure,
  onStorageError: oneOf('fail', 'compute'),
  sourceChange: oneOf('warn', 'rerun', 'ignore'),
  container: anything,
  directories: { includes: (value) => typeof value === 'string' && value !== '', text: 'the path of a folder' },
  freeze: isBoolean,
  join: isBoolean,
  maxNodes: numberFrom(1),
  timeoutGrace: milliseconds(0),
  onWarning: isFunction,
  report: { includes: (value) => value === 'progress', text: "'progress'" },
};
const runOptions: Readonly<Record<keyof RunOptions, Allowed>> = {
  queues,
  force: {
    includes: (value) => typeof value === 'boolean' || Array.isArray(value),
    text: 'true, false or an array of task classes',
  },
  onFailure,
  restore: isFunction,
  checkpoint: isFunction,
  join: isBoolean,
  signal: { includes: (value) => typeof value?.addEventListener === 'function', text: 'an AbortSignal' },
};
const queueOptions: Readonly<Record<keyof QueueOptions, Allowed>> = { concurrency: anything, executor: anything };

/** @throws {TidemarkError} for an unknown option or an invalid value */
export function checkRunnerOptions(options: RunnerOptions): void {
  checkOptions(options, runnerOptions, 'the runner');
  checkQueues(options.queues);
}

/** @throws {TidemarkError} for an unknown option or an invalid value */
export function checkRunOptions(options: RunOptions): void {
  checkOptions(options, runOptions, 'a run');
  checkQueues(options.queues);
}

function checkQueues(given: RunnerOptions['queues'] = {}): void {
  for (const [name, options] of Object.entries(given)) {
    if (typeof options !== 'object' || options === null)
      throw new TidemarkError(`queue ${name} is ${String(options)}; give options such as { concurrency: 1 }`);
    checkOptions(options, queueOptions, `queue ${name}`);
  }
}

type One = TaskClass | TaskRef<unknown>;
type Group = One | readonly One[] | { readonly [name: string]: One };

/** A task class, a ref, or an array, tuple or record of them. */
export type Runnable = One | readonly Group[] | { readonly [name: string]: Group };

/** The type of the result. */
export type ResultOf<W> = W extends TaskClass<infer T> ? OutputOf<T> : W extends TaskRef<infer O> ? O : Resolved<W>;

/** The arguments after the target in a call: params for a class. */
export type ParamsFor<W> = W extends TaskClass<infer T> ? [params?: ParamsOf<T>] : [];

/** The arguments after the target in a call that starts a run: params for a class, then options. */
export type ParamsAndOptions<W> =
  W extends TaskClass<infer T>
    ? [params?: ParamsOf<T> | undefined, options?: RunOptions<OutputOf<T>>]
    : [options?: RunOptions<ResultOf<W>>];
