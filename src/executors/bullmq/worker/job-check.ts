import type { Awaitable } from '../../../base/awaitable';
import { describeError, isInstance } from '../../../base/describe-error';
import { deepFreeze } from '../../../encoding/copies/freeze';
import { keyFromParts } from '../../../graph/key';
import { SchemaResults, textIfData } from '../../../graph/param-values';
import { restoreRefs } from '../../../graph/stored-ref';
import { type PreparedParams, TaskTemplate } from '../../../graph/task-template';
import type { TaskDefinition } from '../../../task/definition';
import { ParamError } from '../../../task/errors';
import { decodeData } from '../../remote/attachments';
import type { TaskCatalog } from '../../worker/task-catalog';
import type { JobContent, StoredInput } from '../protocol/job-data';
import { temporaryKeyPrefix } from '../protocol/temporary-results';
import { QueueError } from '../queue-error';
import type { JobToRun } from './active-job';

type Values = Readonly<Record<string, unknown>>;

/** Checks before a job runs that it sets declared params only, that these fit, and that its key is theirs. */
export class JobCheck {
  readonly #worker: string;
  readonly #catalogue: TaskCatalog;
  readonly #templates = new Map<TaskDefinition, Awaitable<TaskTemplate>>();

  /** @param worker its name, for messages */
  constructor(worker: string, catalogue: TaskCatalog) {
    this.#worker = worker;
    this.#catalogue = catalogue;
  }

  /** @throws {QueueError} for a job that is not to run */
  async check(content: JobContent, task: TaskDefinition, { id, queue, key }: JobToRun): Promise<void> {
    try {
      assertDeclared(content, task);
      const stored = this.#read(content.message.params, content);
      const params = this.#restoreRefs(stored);
      assertOwnKey(content, task, { key, params, stored });
      const blueprint = await this.#templateOf(task);
      const given = this.#restoreRefs(this.#read(content.given, content));
      await checkParams(blueprint, params, { ...content, given });
    } catch (cause) {
      throw new QueueError(
        `the worker ${this.#worker} refuses job ${id} of queue ${queue}: ${describeError(cause)}. Start runner and workers with the same code, and check which other programs write to the Redis of the queues`,
        { mayRetry: false, cause },
      );
    }
  }

  #read(sent: JobContent['given'], { bytes }: JobContent): Values {
    return Object.fromEntries(sent.map(([name, value]) => [name, decodeData(value, bytes)]));
  }

  #restoreRefs(stored: Values): Values {
    const entries = Object.entries(stored).map(([name, value]): [string, unknown] => {
      const { classOf } = this.#catalogue;
      const unfolded = restoreRefs(value, { classOf });
      if (typeof unfolded === 'object' && unfolded !== null) deepFreeze(unfolded);
      return [name, unfolded];
    });
    return Object.fromEntries(entries);
  }

  async #templateOf(task: TaskDefinition): Promise<TaskTemplate> {
    const made = this.#templates.get(task) ?? TaskTemplate.create(task, this.#catalogue.container);
    this.#templates.set(task, made);
    try {
      return await made;
    } catch (error) {
      // The next attempt may succeed.
      this.#templates.delete(task);
      throw error;
    }
  }
}

function assertDeclared({ message, given, notGiven, noData }: JobContent, task: TaskDefinition): void {
  if (message.task !== task.name) throw new Error(`it is one of the task ${message.task}, and not of ${task.name}`);
  const declared = new Set(task.params.map(({ name }) => name));
  const names = message.params.map(([name]) => name);
  const undeclared = [...names, ...given.map(([name]) => name), ...notGiven, ...noData].find(
    (name) => !declared.has(name),
  );
  if (undeclared !== undefined) throw new Error(`it sets ${undeclared} of ${task.name}, which is not a param`);
  if (new Set(names).size < names.length) throw new Error('it sets a param twice');
  const required = task.requirements.map(({ property }) => property);
  const filled = message.requirements.map(([property]) => property);
  if (required.join() !== filled.join())
    throw new Error(
      `it fills the requirements ${filled.join(', ') || '(none)'}, and ${task.name} has ${required.join(', ') || 'none'}`,
    );
}

/** Computes the key again, from the task in this worker and the key inputs in the job. */
function assertOwnKey(
  { message, facts, keyInputs }: JobContent,
  task: TaskDefinition,
  { key, params, stored }: { readonly key: string | undefined; readonly params: Values; readonly stored: Values },
): void {
  if (!keyInputs) {
    // The result only goes to the driver.
    if (!facts) return;
    throw new Error('its result is to be saved, and it does not say what its key is made of');
  }
  const { requirements, refs } = keyInputs;
  if (requirements.length !== task.requirements.length) throw new Error('its key is made of other requirements');
  const own = keyFromParts({ task, params, stored, fingerprint: message.fingerprint, requirements, refs });
  const other = [message.key, key, facts?.key].find((one) => one !== undefined && one !== own);
  if (other !== undefined)
    throw new Error(`its key is ${other}, but its task, version, params and requirements make ${own}`);
  const text = requirements.join('');
  const pieces = (message.pieces as readonly Partial<StoredInput>[]).flatMap(({ stored: one }) => one?.key ?? []);
  const strange = [...pieces, ...(facts?.requires ?? []).map(([one]) => one)].find(
    (one) => !one.startsWith(temporaryKeyPrefix) && !text.includes(`${one};`),
  );
  if (strange !== undefined) throw new Error(`it takes the result ${strange}, which is not part of its key`);
}

type Given = Pick<JobContent, 'notGiven' | 'noData'> & { readonly given: Values };

/**
 * Checks params as a runner does that is given them. What was not given is a default there, which may be another one here:
 * then it has to fit as if it was given.
 */
async function checkParams(blueprint: TaskTemplate, params: Values, { given, notGiven, noData }: Given): Promise<void> {
  const known = { ...params, ...given };
  try {
    const others = notGiven.length === 0 ? notGiven : await changedDefaults(blueprint, known, params, notGiven);
    if (notGiven.length > 0 && others.length === 0) return;
    await prepareParams(blueprint, without(known, new Set(notGiven.filter((name) => !others.includes(name)))));
  } catch (error) {
    // Given values that are not data are not sent, only the value that the schema returned.
    if (!(isInstance(error, ParamError) && noData.includes(error.param))) throw error;
  }
}

/** Which of the params that were not given come to something else here. */
async function changedDefaults(
  blueprint: TaskTemplate,
  known: Values,
  params: Values,
  notGiven: readonly string[],
): Promise<readonly string[]> {
  try {
    const own = await prepareParams(blueprint, without(known, new Set(notGiven)));
    return notGiven.filter((name) => textIfData(own.params[name]) !== textIfData(params[name]));
  } catch {
    return notGiven;
  }
}

function without(values: Values, names: ReadonlySet<string>): Values {
  return Object.fromEntries(Object.entries(values).filter(([name]) => !names.has(name)));
}

/** @throws {ParamError} */
async function prepareParams(blueprint: TaskTemplate, given: Values): Promise<PreparedParams> {
  const answers = new SchemaResults();
  for (;;) {
    const answer = blueprint.prepare(given, answers);
    if (!(answer instanceof Promise)) return answer;
    await answer;
  }
}
