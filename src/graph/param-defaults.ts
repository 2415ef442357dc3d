import { type Awaitable, isPromiseLike } from '../awaitable';
import { NotDataError } from '../task/data';
import { DeclarationError } from '../task/declaration-error';
import type { ParamDefinition, TaskDefinition } from '../task/definition';
import type { Checked } from '../task/schema';
import type { Instance } from '../task/task-class';
import { paramText, refByContent } from './canonical';
import type { DataCopy } from './copies';
import { copyData } from './copy-data';
import { askSchema, copyParam, refused } from './param-value';

/** The default of a param in one run. */
export interface ParamDefault {
  /** The default of the class, before its schema; frozen when it is data. */
  readonly written: unknown;
  /** Its content as text; undefined when it is not data. */
  readonly writtenText: string | undefined;
  /** What its schema made of it. */
  readonly copy: DataCopy;
}

export type ParamDefaults = ReadonlyMap<string, ParamDefault>;

/** The defaults of a task's params, as an instance has them whose params were not set. */
export function readDefaults(task: TaskDefinition, instance: Instance): Awaitable<ParamDefaults> {
  const defaults = new Map<string, ParamDefault>();
  const pending: Promise<unknown>[] = [];
  const read = (param: ParamDefinition) => {
    const value = instance[param.name];
    // A property called like one that all objects have may not be there yet.
    if (value === undefined || value === (Object.prototype as unknown as Instance)[param.name]) return;
    if (Number.isNaN(value)) {
      throw new DeclarationError(
        `the default of ${task.name}.${param.name} is NaN: initialisers see only the defaults of other params; derive values from params in a getter`,
      );
    }
    if (!param.schema) {
      const copy = copyParam(task, param, value);
      defaults.set(param.name, { written: copy.value, writtenText: textIfData(copy.value), copy });
      return;
    }
    const answer = askSchema(task, param, value);
    const take = (checked: Checked) => void defaults.set(param.name, toDefault(task, param, value, checked));
    if (isPromiseLike(answer)) pending.push((answer as Promise<Checked>).then(take));
    else take(answer as Checked);
  };
  try {
    for (const param of task.params) read(param);
  } catch (error) {
    // One error is enough: schemas that are still asked report none of their own.
    for (const one of pending) one.catch(() => undefined);
    throw error;
  }
  return pending.length > 0 ? Promise.all(pending).then(() => defaults) : defaults;
}

function toDefault(task: TaskDefinition, param: ParamDefinition, value: unknown, checked: Checked): ParamDefault {
  if ('issues' in checked) throw refused(task, param, value, checked.issues);
  const copy = copyParam(task, param, checked.value);
  const written = checked.value === value ? copy.value : copyIfData(value);
  return { written, writtenText: textIfData(written), copy };
}

export function isData(value: unknown): boolean {
  return textIfData(value) !== undefined;
}

/** A frozen copy of the value for a schema; a value other than data stays as it is. */
export function copyIfData(value: unknown): unknown {
  try {
    return copyData(value, '').value;
  } catch (error) {
    if (error instanceof NotDataError) return value;
    throw error;
  }
}

/** The content of a value as text; undefined when it is not data. */
export function textIfData(value: unknown): string | undefined {
  try {
    return paramText(value, refByContent);
  } catch (error) {
    if (error instanceof DeclarationError) return undefined;
    throw error;
  }
}
