import type { TaskContext, TaskKey } from '../../task/context';
import type { FromWorker, JobMessage } from '../pool/messages';

/** What a task in a worker sees of its run. */
export class WorkerContext implements TaskContext {
  readonly task: string;
  readonly key: TaskKey;
  readonly attempt: number;
  readonly #signal: AbortSignal;
  readonly #send: (message: FromWorker) => void;

  constructor({ task, key, attempt }: JobMessage, signal: AbortSignal, send: (message: FromWorker) => void) {
    this.task = task;
    this.key = key as TaskKey;
    this.attempt = attempt;
    this.#signal = signal;
    this.#send = send;
  }

  /** Whether the task may wait for its signal. */
  usesSignal = false;

  get signal(): AbortSignal {
    this.usesSignal = true;
    return this.#signal;
  }

  throwIfAborted(): void {
    this.#signal.throwIfAborted();
  }

  progress(...said: readonly [done: number, totalOrNote?: number | string, note?: string]): void {
    this.#send({ type: 'progress', said });
  }

  log(message: string): void {
    this.#send({ type: 'log', message });
  }
}
