import { inspect, types } from 'node:util';
import { shareClass } from '../base/shared-state';
import { TidemarkError } from '../error';
import { outputOf } from '../executors/pool/task-output';
import type { GraphNode } from '../graph/node';
import type { TaskKey } from '../task/context';
import { publicParams } from './public-params';
import type { RunSummary } from './summary';

/** Where and how a task failed. */
export interface TaskFailure {
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
  /** Undefined when it failed before its key could be made. */
  readonly key: TaskKey | undefined;
  /** How it came to be required: the tasks from the target down to the one that required it. */
  readonly requiredBy: readonly string[];
  readonly attempts: number;

  constructor({ node, key, requiredBy, attempts, cause }: TaskFailure) {
    const way = [...requiredBy].reverse().map((step) => `\n    required by ${step}`);
    const tried = attempts > 1 ? ` (${attempts} attempts)` : '';
    super(`${node} failed${tried}: ${messageOf(cause)}${hintFor(cause)}${way.join('')}${printed(cause)}`, { cause });
    this.task = node.task.name;
    this.params = publicParams(node);
    this.key = key;
    this.requiredBy = requiredBy;
    this.attempts = attempts;
  }
}

/** A run did not give a result: tasks failed, the storage failed, or it was stopped. */
export class RunFailedError extends TidemarkError {
  static {
    shareClass(RunFailedError, 'RunFailedError');
  }

  /** What failed, in the order of time; empty when the run was stopped. */
  readonly errors: readonly TaskFailedError[];
  readonly summary: RunSummary;

  constructor(message: string, errors: readonly TaskFailedError[], summary: RunSummary, cause: unknown) {
    super(`${message}\n${whatIsLeft(summary)}`, cause === undefined ? undefined : { cause });
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

// What V8 says when something that is frozen is changed.
const changesFrozen = /read only property|not extensible|Cannot delete property/;

/** What the task printed last, when it ran in a process of its own. */
function printed(cause: unknown): string {
  const output = outputOf(cause);
  return output === undefined ? '' : `\n    it printed:\n${output.replaceAll(/^/gm, '      ')}`;
}

/** What to do about an error whose message does not say so, as the end of a line. */
function hintFor(cause: unknown): string {
  if (!(types.isNativeError(cause) && changesFrozen.test(cause.message))) return '';
  return '. Results are frozen when they are saved or have several users: change a copy (structuredClone), or give the runner { freeze: false }';
}

/** What went wrong, as one line or more, whatever was thrown. */
export function messageOf(cause: unknown): string {
  try {
    if (typeof cause !== 'object' || cause === null) return String(cause);
    const { message, name } = cause as Partial<Error>;
    return typeof message === 'string' ? message || String(name) : inspect(cause, { depth: 1 });
  } catch {
    return 'something was thrown that cannot be shown';
  }
}
