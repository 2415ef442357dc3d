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

/** How a runner runs. */
export interface RunnerOptions {
  /** Where results are kept: a storage, or what `Storage.open` takes. @default 'file:.tidemark' */
  readonly storage?: Storage | StorageSource;
  /** Limits and executors, by queue name; a task that names no queue has the one of its own name. */
  readonly queues?: Readonly<Record<string, QueueOptions>>;
  /** What runs tasks. @default inline() */
  readonly executor?: Executor;
  /** How many tasks run at once in the executor. @default 64 */
  readonly concurrency?: number;
  /**
   * What a failure does to the others: `'stop'` starts nothing new, `'continue'` runs all that does not need
   * what failed. What is running finishes and is saved either way.
   *
   * @default 'stop'
   */
  readonly onFailure?: 'stop' | 'continue';
  /**
   * What a storage that cannot be read or written does: `'fail'` ends the run, `'compute'` warns and computes,
   * and overwrites nothing that cannot be read.
   *
   * @default 'fail'
   */
  readonly onStorageError?: 'fail' | 'compute';
  /** What happens when the source of a task's class is another than when its result was saved. @default 'warn' */
  readonly sourceChange?: 'warn' | 'rerun' | 'ignore';
  /** Makes instances of task classes. @default typedi's global container */
  readonly container?: Container;
  /**
   * A folder for task directories, where the storage has none of its own: those of saved tasks, so one folder for one
   * storage, and those that are removed when the run ends.
   *
   * @default next to the checkpoints of a file storage; the system's temporary folder for tasks that are not saved
   */
  readonly directories?: string;
  /** Whether results that are saved, or that several tasks receive, are frozen. @default true */
  readonly freeze?: boolean;
  /** What runs say of `join` that do not say it themselves. @default true */
  readonly join?: boolean;
  /**
   * A graph with more nodes is taken for a recursion without an end, and so are more nodes of which each requires the
   * next, or results that hold refs to each other so deep.
   *
   * @default 10000000 nodes, 1000000 that require each other, 10000 results that hold refs to each other
   */
  readonly maxNodes?: number;
  /**
   * How long an attempt that timed out keeps its slot when it does not heed `context.signal`, in milliseconds. Only
   * then may it run beside others that its limits would not allow.
   *
   * @default 10000
   */
  readonly timeoutGrace?: number;
  /** Told of what people should look at but need not. @default process.emitWarning */
  readonly onWarning?: (message: string) => void;
  /** `'progress'` shows on stderr how far each run is. @default undefined: nothing is written */
  readonly report?: 'progress' | undefined;
}

/** What can be said of one run. */
export interface RunOptions<Out = any> {
  /** Limits and executors for this run only, by queue name. */
  readonly queues?: Readonly<Record<string, QueueOptions>>;
  /** Computes anew: everything, or these tasks and what comes from them. @default false */
  readonly force?: boolean | readonly TaskClass[];
  /** @default the runner's */
  readonly onFailure?: 'stop' | 'continue';
  /** Asked first: what it gives is the result of the run, unless that is undefined, and no task runs. */
  readonly restore?: () => Awaitable<Out | undefined>;
  /** Given what the run computed. What it or `restore` throws is reported, and the run goes on. */
  readonly checkpoint?: (result: Out) => Awaitable<void>;
  /**
   * Whether the run waits for saved tasks that another run of this process computes just now in the same storage, and
   * loads their results, instead of computing them a second time. What is forced never waits.
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

/** @throws {TidemarkError} for an option that a runner does not have, or a value that it cannot have */
export function checkRunnerOptions(options: RunnerOptions): void {
  checkOptions(options, runnerOptions, 'the runner');
  checkQueues(options.queues);
}

/** @throws {TidemarkError} likewise for one run */
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

/** What can be run: a task class, a ref, or an array, tuple or record of them. */
export type Runnable = One | readonly Group[] | { readonly [name: string]: Group };

/** What running it gives. */
export type ResultOf<W> = W extends TaskClass<infer T> ? OutputOf<T> : W extends TaskRef<infer O> ? O : Resolved<W>;

/** What may follow it in a call: params for a class. */
export type ParamsFor<W> = W extends TaskClass<infer T> ? [params?: ParamsOf<T>] : [];

/** Likewise, with options for the run. */
export type ParamsAndOptions<W> =
  W extends TaskClass<infer T>
    ? [params?: ParamsOf<T> | undefined, options?: RunOptions<OutputOf<T>>]
    : [options?: RunOptions<ResultOf<W>>];
