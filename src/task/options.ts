import { type Allowed, longestTime, milliseconds, numberFrom } from '../base/check-options';
import { showValue } from '../base/show';
import type { Encoder } from '../encoding/encoder';
import type { ParamType } from './data';
import { DeclarationError } from './errors';
import type { TaskClass } from './task-class';

/** Options of `@Param`. */
export interface ParamOptions {
  /** Makes the param part of the result's key. @default true */
  readonly key?: boolean;
  /** Keeps the value out of records, pictures and messages. @default false */
  readonly secret?: boolean;
  /** A description, one line. */
  readonly describe?: string;
  /** Allows the param to be omitted although it has no default. @default false */
  readonly optional?: boolean;
  /**
   * The allowed types: built-in classes, `TaskRef`, null; `Object` for any value. Ignored if there is a schema.
   *
   * @default the type that the compiler emitted for the property, or else the type of its default
   * @example
   * `@Param({ type: [Number, null] }) limit: number | null = 10;`
   */
  readonly type?: ParamType | readonly ParamType[];
}

/** Retries of a failed task. */
export interface RetryOptions {
  /** Total number of attempts. */
  readonly attempts: number;
  /** Delay before the second attempt, in milliseconds, randomly reduced by up to half. @default 0 */
  readonly delay?: number;
  /** Factor by which the delay grows with each attempt. @default 2 */
  readonly factor?: number;
  /** Maximum delay, in milliseconds. @default 60000 */
  readonly maxDelay?: number;
}

/** Options of `@Task`. */
export interface TaskOptions<T = any, Produces = unknown> {
  /** The task's name in keys, messages and queues. @default the class's name */
  readonly name?: string | ((cls: TaskClass) => string);
  /** Saves results, and loads them instead of computing them again. @default false */
  readonly save?: boolean;
  /**
   * The scope in which a result is computed once: a run, or all processes and machines with the same storage.
   * `'everywhere'` requires `save` and a storage with leases (files, Redis). Other processes wait for the first one,
   * without occupying a slot, and load its result; if it dies, one of them takes over.
   *
   * @default 'run'
   */
  readonly once?: 'run' | 'everywhere';
  /** Part of the key: change it to invalidate the results of older code. */
  readonly version?: number | string;
  /** The queue of the task. @default the task's name */
  readonly queue?: string;
  /**
   * Replaces the params in the key: `Name/<returned text>`. Two sets of params with the same key are an error, unless
   * they differ only in secrets or in params with `key: false`.
   */
  readonly key?: (params: Readonly<T>) => string;
  /** The class of its results, for `@Requires()` on properties of this type. */
  readonly produces?: abstract new (
    ...args: any[]
  ) => Produces;
  /** Retries after a failure: the number of further attempts, or details. @default 0 */
  readonly retries?: number | RetryOptions;
  /** Time limit of an attempt, in milliseconds: afterwards its signal aborts and the attempt fails. @default no limit */
  readonly timeout?: number;
  /** Encodes results as bytes. @default the storage's encoder */
  readonly encoder?: Encoder;
}

const retryOptions: Readonly<Record<keyof RetryOptions, Allowed>> = {
  attempts: {
    includes: (value) => value === Number.POSITIVE_INFINITY || (Number.isInteger(value) && value >= 1),
    text: 'a whole number >= 1',
  },
  delay: milliseconds(0),
  factor: numberFrom(0),
  maxDelay: milliseconds(0),
};
const retryOptionNames = Object.keys(retryOptions).join(', ');

/** @throws {DeclarationError} for an invalid timeout or invalid retries, such as a time longer than timers support */
export function checkTimes(name: string, { timeout, retries }: TaskOptions): void {
  if (timeout !== undefined && !(typeof timeout === 'number' && timeout > 0 && timeout <= longestTime))
    throw new DeclarationError(
      `${name}: the timeout is ${showValue(timeout)}; it must be a number of milliseconds from 1 to ${longestTime}`,
    );
  if (retries !== undefined) checkRetries(name, retries);
}

function checkRetries(name: string, retries: unknown): void {
  if (retries === Number.POSITIVE_INFINITY || (Number.isInteger(retries) && (retries as number) >= 0)) return;
  if (typeof retries !== 'object' || retries === null)
    throw new DeclarationError(
      `${name}: retries is ${showValue(retries)}; it must be a whole number >= 0, or an object with ${retryOptionNames}`,
    );
  const { attempts } = retries as Partial<RetryOptions>;
  for (const [option, value] of Object.entries({ ...retries, attempts })) {
    const allowed = Object.hasOwn(retryOptions, option) ? retryOptions[option as keyof RetryOptions] : undefined;
    if (!allowed) throw new DeclarationError(`${name}: retries has no ${option}; it has ${retryOptionNames}`);
    if ((value !== undefined || option === 'attempts') && !allowed.includes(value))
      throw new DeclarationError(`${name}: ${option} of retries is ${showValue(value)}; it must be ${allowed.text}`);
  }
}
