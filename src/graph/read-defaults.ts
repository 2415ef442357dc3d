import { type Awaitable, isPromiseLike } from '../awaitable';
import { DeclarationError } from '../task/declaration-error';
import type { TaskDefinition } from '../task/definition';
import type { Checked } from '../task/schema';
import type { DataCopy } from './copies';
import type { Instance } from './instance';
import { askSchema, copyParam, refused } from './param-value';

/** The defaults of a task's params, as an instance has them whose params were not set. */
export function readDefaults(task: TaskDefinition, instance: Instance): Awaitable<ReadonlyMap<string, DataCopy>> {
  const defaults = new Map<string, DataCopy>();
  const pending: Promise<unknown>[] = [];
  for (const param of task.params) {
    const value = instance[param.name];
    if (value === undefined) continue;
    if (Number.isNaN(value)) {
      throw new DeclarationError(
        `the default of ${task.name}.${param.name} is NaN: initialisers see other params' defaults only; use a getter for what derives from params`,
      );
    }
    const answer: Awaitable<Checked> = param.schema ? askSchema(task, param, value) : { value };
    const take = (checked: Checked) => {
      if ('issues' in checked) throw refused(task, param, value, checked.issues);
      defaults.set(param.name, copyParam(task, param, checked.value));
    };
    if (isPromiseLike(answer)) pending.push((answer as Promise<Checked>).then(take));
    else take(answer as Checked);
  }
  return pending.length > 0 ? Promise.all(pending).then(() => defaults) : defaults;
}
