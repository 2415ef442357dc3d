import { describeError } from '../../base/describe-error';
import type { RunEvent } from '../../run/events';
import type { Plan } from '../../run/plan';
import type { RunSummary } from '../../run/summary';
import { showTask } from '../../task/show';
import { stateSigns } from '../states';
import { ClassProgress } from './class-progress';

/** How far a run is, by task class, and what people are to be told as it happens. */
export class RunProgress {
  readonly classes = new Map<string, ClassProgress>();
  startedAt: number | undefined;
  /** When something last happened. */
  time = 0;
  summary: RunSummary | undefined;
  #lines: string[] = [];
  #sizes: ReadonlyMap<string, number> | undefined;

  constructor(plan: Plan | undefined) {
    for (const { task, action } of plan?.nodes ?? []) {
      if (action === 'not-needed' || action === 'unknown') continue;
      const one = this.#classOf(task);
      one.expected = (one.expected ?? 0) + 1;
      one.toRun = (one.toRun ?? 0) + (action === 'run' ? 1 : 0);
    }
  }

  /** How many tasks of each class there are at most; what a plan said counts for more. */
  expect(sizes: ReadonlyMap<string, number>): void {
    this.#sizes = sizes;
    for (const one of this.classes.values()) one.expected ??= sizes.get(one.task);
  }

  /** What was to be told since the last time, a line each. */
  takeLines(): readonly string[] {
    const lines = this.#lines;
    if (lines.length > 0) this.#lines = [];
    return lines;
  }

  record(event: RunEvent): void {
    this.time = event.time;
    this.startedAt ??= event.time;
    switch (event.type) {
      case 'task-loaded': {
        const one = this.#classOf(event.node.task);
        one.since ??= event.time;
        one.loaded++;
        return;
      }
      case 'task-started':
        this.#classOf(event.node.task).start(event.node.params, event.time);
        return;
      case 'task-progressed':
        this.#classOf(event.node.task).progress(event.node.params, event);
        return;
      case 'task-finished':
        this.#classOf(event.node.task).finish(event.node.params, event.seconds);
        return;
      case 'task-failed':
        this.#failed(event);
        return;
      case 'task-skipped':
        this.#classOf(event.node.task).skip(event.node.params);
        return;
      case 'task-logged':
        this.#lines.push(`${event.node.task}: ${event.message}`);
        return;
      case 'run-finished':
        this.summary = event.summary;
        return;
      case 'run-started':
      case 'task-waiting':
      case 'task-assigned':
      case 'task-printed':
      case 'task-saved':
      case 'storage-failed':
      case 'hook-failed':
      case 'warning':
        return;
      default:
        event satisfies never;
    }
  }

  #failed({ node, error, willRetry }: Extract<RunEvent, { type: 'task-failed' }>): void {
    const one = this.#classOf(node.task);
    one.fail(node.params, willRetry);
    const [reason] = describeError(error.cause).split('\n');
    const what = willRetry ? `failed, attempt ${error.attempts}, and will be tried again` : 'failed';
    this.#lines.push(`${stateSigns.failed} ${showTask(node.task, node.params)} ${what}: ${reason}`);
  }

  #classOf(task: string): ClassProgress {
    let one = this.classes.get(task);
    if (!one) {
      this.classes.set(task, (one = new ClassProgress(task)));
      one.expected = this.#sizes?.get(task);
    }
    return one;
  }
}
