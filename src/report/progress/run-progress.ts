import { describeError } from '../../base/describe-error';
import { showTask } from '../../base/show';
import type { RunEvent } from '../../run/events';
import type { Plan } from '../../run/plan/plan';
import type { RunSummary } from '../../run/summary';
import { stateSigns } from '../states';

/** Identity of a task in its class: the params object of its node, since a key would have to be computed. */
type TaskId = Readonly<Record<string, unknown>>;

/** Progress of the tasks of one class. */
export class ClassProgress {
  ran = 0;
  loaded = 0;
  failed = 0;
  skipped = 0;
  /** Time of the first start or load, in milliseconds since 1970. */
  startedAt: number | undefined;
  /** The number of tasks according to the plan or the graph; undefined while unknown. */
  expected: number | undefined;
  /** The number of tasks that the plan runs rather than loads; undefined without a plan. */
  toRun: number | undefined;
  /** The progress that running tasks reported last, from 0 to 1. */
  readonly shares = new Map<TaskId, number>();
  note: string | undefined;
  readonly #running = new Set<TaskId>();
  #seconds = 0;

  constructor(readonly task: string) {}

  get running(): number {
    return this.#running.size;
  }

  /** The number of tasks; larger than expected when results added tasks. */
  get total(): number | undefined {
    return this.expected === undefined ? undefined : Math.max(this.expected, this.settled + this.running);
  }

  /** The number of tasks that have ended or were skipped. */
  get settled(): number {
    return this.ran + this.loaded + this.failed + this.skipped;
  }

  get isComplete(): boolean {
    return this.total !== undefined && this.settled >= this.total;
  }

  start(id: TaskId, time: number): void {
    this.startedAt ??= time;
    this.#running.add(id);
  }

  fail(id: TaskId, willRetry: boolean): void {
    this.end(id);
    if (!willRetry) this.failed++;
  }

  /** Ends a task, whatever its outcome. */
  end(id: TaskId): void {
    this.#running.delete(id);
    if (this.shares.delete(id) || this.#running.size === 0) this.note = undefined;
  }

  /** Skips a task, which may have been started and returned to its queue before it ran. */
  skip(id: TaskId): void {
    this.end(id);
    this.skipped++;
  }

  finish(id: TaskId, seconds: number): void {
    this.end(id);
    this.ran++;
    this.#seconds += seconds;
  }

  reportProgress(
    id: TaskId,
    { done, total = 1, note }: { done: number; total?: number; note?: string | undefined },
  ): void {
    const share = done / total;
    if (this.#running.has(id)) this.shares.set(id, share >= 0 && share <= 1 ? share : 0);
    this.note = note ?? this.note;
  }

  /** The completed share from 0 to 1, with the reported progress of running tasks; undefined while the total is unknown. */
  get share(): number | undefined {
    if (!this.total) return undefined;
    return Math.min(1, (this.settled + this.#partlyDone) / this.total);
  }

  /** Estimates the remaining time, in seconds, from the mean duration of tasks so far, or of earlier runs. */
  secondsLeft(earlier: number | undefined): number | undefined {
    if (this.total === undefined || this.running === 0) return undefined;
    const mean = this.ran > 0 ? this.#seconds / this.ran : earlier;
    if (mean === undefined) return undefined;
    const open = Math.max(
      this.running,
      (this.toRun ?? this.total - this.loaded) - this.ran - this.failed - this.skipped,
    );
    return (Math.max(0, open - this.#partlyDone) * mean) / Math.min(open, this.running);
  }

  /** The number of tasks that end per second; undefined for too few. */
  rate(time: number): number | undefined {
    const ended = this.ran + this.loaded;
    return this.startedAt === undefined || ended < 2 || time <= this.startedAt
      ? undefined
      : (ended / (time - this.startedAt)) * 1000;
  }

  get #partlyDone(): number {
    let sum = 0;
    for (const share of this.shares.values()) sum += share;
    return sum;
  }
}

/** Progress of a run by task class, and the messages to show. */
export class RunProgress {
  readonly classes = new Map<string, ClassProgress>();
  startedAt: number | undefined;
  /** Time of the last event. */
  time = 0;
  summary: RunSummary | undefined;
  #messages: string[] = [];
  #sizes: ReadonlyMap<string, number> | undefined;

  constructor(plan: Plan | undefined) {
    for (const { task, action } of plan?.nodes ?? []) {
      if (action === 'not-needed' || action === 'unknown') continue;
      const one = this.#getClass(task);
      one.expected = (one.expected ?? 0) + 1;
      one.toRun = (one.toRun ?? 0) + (action === 'run' ? 1 : 0);
    }
  }

  /** Sets the largest number of tasks of each class; the numbers of a plan take precedence. */
  setSizes(sizes: ReadonlyMap<string, number>): void {
    this.#sizes = sizes;
    for (const one of this.classes.values()) one.expected ??= sizes.get(one.task);
  }

  /** Returns the messages since the last call, one per line. */
  drainMessages(): readonly string[] {
    const lines = this.#messages;
    if (lines.length > 0) this.#messages = [];
    return lines;
  }

  record(event: RunEvent): void {
    this.time = event.time;
    this.startedAt ??= event.time;
    switch (event.type) {
      case 'task-loaded': {
        const one = this.#getClass(event.node.task);
        one.startedAt ??= event.time;
        one.loaded++;
        return;
      }
      case 'task-started':
        this.#getClass(event.node.task).start(event.node.params, event.time);
        return;
      case 'task-progressed':
        this.#getClass(event.node.task).reportProgress(event.node.params, event);
        return;
      case 'task-finished':
        this.#getClass(event.node.task).finish(event.node.params, event.seconds);
        return;
      case 'task-failed':
        this.#recordFailure(event);
        return;
      case 'task-skipped':
        this.#getClass(event.node.task).skip(event.node.params);
        return;
      case 'task-logged':
        this.#messages.push(`${event.node.task}: ${event.message}`);
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

  #recordFailure({ node, error, willRetry }: Extract<RunEvent, { type: 'task-failed' }>): void {
    const one = this.#getClass(node.task);
    one.fail(node.params, willRetry);
    const [reason] = describeError(error.cause).split('\n');
    const what = willRetry ? `failed (attempt ${error.attempts}), will be retried` : 'failed';
    this.#messages.push(`${stateSigns.failed} ${showTask(node.task, node.params)} ${what}: ${reason}`);
  }

  #getClass(task: string): ClassProgress {
    let one = this.classes.get(task);
    if (!one) {
      this.classes.set(task, (one = new ClassProgress(task)));
      one.expected = this.#sizes?.get(task);
    }
    return one;
  }
}
