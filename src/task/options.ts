import type { Encoder } from '../encoding/encoder';
import type { ParamType } from './param-type';
import type { TaskClass } from './task-class';

/** What can be said of a param. */
export interface ParamOptions {
  /** Whether the param is part of the result's key. @default true */
  readonly key?: boolean;
  /** Keeps the value out of records, pictures and messages. @default false */
  readonly secret?: boolean;
  /** One line for people. */
  readonly describe?: string;
  /** Whether it may be left out although it has no default. @default false */
  readonly optional?: boolean;
  /**
   * The types that it takes: built-in classes, `TaskRef`, null; `Object` for any value. A schema checks instead, where
   * there is one.
   *
   * @default the type that the compiler emitted for the property, or else that of its default
   * @example
   * `@Param({ type: [Number, null] }) limit: number | null = 10;`
   */
  readonly type?: ParamType | readonly ParamType[];
}

/** When a failed task is tried again. */
export interface RetryOptions {
  /** How often it is tried in all. */
  readonly attempts: number;
  /** How long to wait before the second attempt, in milliseconds; up to a half less, at random. @default 0 */
  readonly delay?: number;
  /** By what the delay grows with each attempt. @default 2 */
  readonly factor?: number;
  /** The longest delay, in milliseconds. @default 60000 */
  readonly maxDelay?: number;
}

/** What can be said of a task. */
export interface TaskOptions<T = any, Produces = unknown> {
  /** The task's name in keys, messages and queues. @default the class's name */
  readonly name?: string | ((cls: TaskClass) => string);
  /** Whether results are saved, and loaded instead of computed. @default false */
  readonly save?: boolean;
  /**
   * Where a result is computed once: within a run, or among all processes and machines that use the same storage.
   * With `'everywhere'`, which takes `save` and a storage with leases (files, Redis), others wait for who began first,
   * holding no slot, and load what that one saved; when it dies, one of them goes on.
   *
   * @default 'run'
   */
  readonly once?: 'run' | 'everywhere';
  /** Part of the key: change it when the code changed so that old results no longer count. */
  readonly version?: number | string;
  /** The queue it runs in. @default the task's name */
  readonly queue?: string;
  /**
   * Replaces the params in the key: `Name/<what it returns>`. A result of other params that has the same key is refused,
   * unless what differs is a secret or has `key: false`.
   */
  readonly key?: (params: Readonly<T>) => string;
  /** The class of its results, for `@Requires()` on properties of that type. */
  readonly produces?: abstract new (
    ...args: any[]
  ) => Produces;
  /** How often it is tried when it fails: a number of further attempts, or the details. @default 0 */
  readonly retries?: number | RetryOptions;
  /** How long an attempt may take, in milliseconds; after that its signal aborts and it has failed. @default no limit */
  readonly timeout?: number;
  /** How its results become bytes. @default the storage's encoder */
  readonly encoder?: Encoder;
}
