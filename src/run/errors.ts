import { describeCauses, describeError, stringProperty } from '../base/describe-error';
import { jsonFields, TidemarkError } from '../base/error';
import { shareClass } from '../base/shared-state';
import { outputOf } from '../executors/errors';
import type { GraphNode } from '../graph/node';
import { publicParams } from '../graph/public-params';
import { paramsToJson } from '../storage/format/record';
import type { TaskKey } from '../task/context';
import type { TaskDefinition } from '../task/definition';
import type { RunSummary } from './summary';

// V8's messages for a change to a frozen object.
const changesFrozen = /read only property|not extensible|Cannot delete property/;

/** Advice for a task that changed something frozen, as the end of a line; empty for other errors. */
function frozenHint(cause: unknown, { params, requirements }: GraphNode): string {
  if (!changesFrozen.test(stringProperty(cause, 'message') ?? '')) return '';
  const frozen = Object.keys(params).filter((name) => typeof params[name] === 'object');
  const hints: string[] = [];
  if (frozen.length > 0) hints.push(`Params are frozen: change a copy, such as structuredClone(this.${frozen[0]})`);
  if (requirements.length > 0)
    hints.push(
      `Results are frozen when they are saved or have several users: change a copy (structuredClone), or give the runner { freeze: false }`,
    );
  return hints.map((hint) => `. ${hint}`).join('');
}

/** The circumstances of a task's failure. */
interface TaskFailure {
  readonly node: GraphNode;
  readonly key: TaskKey | undefined;
  readonly requiredBy: readonly string[];
  readonly attempts: number;
  readonly cause: unknown;
}

/** A task failed; `cause` is what it threw. */
export class TaskFailedError extends TidemarkError {
  static {
    shareClass(TaskFailedError, 'TaskFailedError');
  }

  readonly task: string;
  /** Without the values of secrets. */
  readonly params: Readonly<Record<string, unknown>>;
  /** Undefined when it failed before its key was computed. */
  readonly key: TaskKey | undefined;
  /** The path by which it came to be required: the tasks from the target down to the one that required it. */
  readonly requiredBy: readonly string[];
  readonly attempts: number;

  constructor({ node, key, requiredBy, attempts, cause }: TaskFailure) {
    const way = [...requiredBy].reverse().map((step) => `\n    required by ${step}`);
    const tried = attempts > 1 ? ` (${attempts} attempts)` : '';
    const what = describeError(cause);
    const why = `${what}${frozenHint(cause, node)}${describeCauses(cause, what)}`;
    super(`${node} failed${tried}: ${why}${way.join('')}${printedOutput(cause)}`, { cause });
    this.task = node.task.name;
    this.params = publicParams(node);
    this.key = key;
    this.requiredBy = requiredBy;
    this.attempts = attempts;
  }

  override [jsonFields](): Readonly<Record<string, unknown>> {
    return { ...super[jsonFields](), params: paramsToJson(this.params, noSecrets) };
  }
}

const noSecrets = { secrets: new Set() } as unknown as TaskDefinition;

/** A run has no result: tasks failed, the storage failed, or the run was stopped. */
export class RunFailedError extends TidemarkError {
  static {
    shareClass(RunFailedError, 'RunFailedError');
  }

  /** The failed tasks, in order of time; empty when the run was stopped. */
  readonly errors: readonly TaskFailedError[];
  readonly summary: RunSummary;

  constructor(message: string, errors: readonly TaskFailedError[], summary: RunSummary, cause: unknown) {
    super(
      `${message}${describeCauses(cause, message)}\n${whatIsLeft(summary)}`,
      cause === undefined ? undefined : { cause },
    );
    this.errors = errors;
    this.summary = summary;
  }
}

const shownErrors = 5;

/** The error of a run in which tasks failed. */
export function tasksFailed(errors: readonly TaskFailedError[], summary: RunSummary): RunFailedError {
  const [first] = errors;
  if (errors.length === 1) return new RunFailedError(first!.message, errors, summary, first!.cause);
  const shown = errors.slice(0, shownErrors).map(({ message }) => `  - ${message.replaceAll('\n', '\n  ')}`);
  if (errors.length > shownErrors) shown.push(`  … and ${errors.length - shownErrors} more`);
  return new RunFailedError(`${errors.length} tasks failed:\n${shown.join('\n')}`, errors, summary, first!.cause);
}

function whatIsLeft({ ran, loaded, saved, skipped }: RunSummary): string {
  const kept = saved + loaded;
  const did = `${ran} ${ran === 1 ? 'task' : 'tasks'} ran and ${loaded} loaded${skipped > 0 ? `, ${skipped} did not run` : ''}.`;
  return kept > 0
    ? `${did} ${kept} ${kept === 1 ? 'result is' : 'results are'} saved; a new run goes on from there.`
    : `${did} Nothing is saved.`;
}

/** The last output of the task, when it ran in a worker process. */
function printedOutput(cause: unknown): string {
  const output = outputOf(cause);
  return output === undefined ? '' : `\n    it printed:\n${output.replaceAll(/^/gm, '      ')}`;
}
