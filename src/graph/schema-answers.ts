import { isPromiseLike } from '../awaitable';
import type { ParamDefinition, TaskDefinition } from '../task/definition';
import { isTaskRef } from '../task/ref';
import type { Checked } from '../task/schema';
import { paramText } from './canonical';
import { expireOriginals } from './copy-data';
import { askSchema } from './param-value';

/** Asks the schemas of params, and keeps the answers of those that are asynchronous. */
export class SchemaAnswers {
  /** By param and value. */
  readonly #answers = new Map<string, Checked>();

  /** @returns a promise when the schema is asynchronous: ask again once it is fulfilled */
  ask(task: TaskDefinition, param: ParamDefinition, value: unknown): Checked | Promise<unknown> {
    const answers = this.#answers;
    const question = answers.size > 0 ? questionOf(task, param, value) : '';
    const known = answers.get(question);
    if (known) return known;
    const answer = askSchema(task, param, value);
    expireOriginals();
    if (!isPromiseLike(answer)) return answer;
    const name = question || questionOf(task, param, value);
    return (answer as Promise<Checked>).then((checked) => answers.set(name, checked));
  }
}

function questionOf(task: TaskDefinition, param: ParamDefinition, value: unknown): string {
  return `${task.name}.${param.name} ${paramText(value, refById)}`;
}

const refIds = new WeakMap<object, number>();
let lastRefId = 0;

/** Tells ref objects apart: those that hold each other may be nested deep. */
function refById(value: object): string | undefined {
  if (!isTaskRef(value)) return undefined;
  let id = refIds.get(value);
  if (id === undefined) refIds.set(value, (id = ++lastRefId));
  return `@${id};`;
}
