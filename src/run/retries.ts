import type { GraphNode } from '../graph/node';
import type { TaskDefinition } from '../task/definition';
import type { Frontier } from './frontier';
import type { Scheduler } from './scheduler';

/** Failed tasks that are tried again, after a delay in which they hold no slot. */
export class Retries {
  readonly #frontier: Frontier;
  readonly #scheduler: Scheduler;
  readonly #attempts = new Map<number, number>();
  readonly #waiting = new Set<() => void>();

  constructor(frontier: Frontier, scheduler: Scheduler) {
    this.#frontier = frontier;
    this.#scheduler = scheduler;
  }

  /** Counts an attempt: 1 for the first. */
  begin({ index, task }: GraphNode): number {
    if (task.options.retries === undefined) return 1;
    const attempt = (this.#attempts.get(index) ?? 0) + 1;
    this.#attempts.set(index, attempt);
    return attempt;
  }

  /** Whether a task that failed at this attempt is tried again. */
  allows({ task }: GraphNode, attempt: number): boolean {
    const { retries = 0 } = task.options;
    return attempt < (typeof retries === 'number' ? retries + 1 : retries.attempts);
  }

  /** Makes a node ready again at once, as if it had not been tried. */
  again({ index }: GraphNode): void {
    const attempt = this.#attempts.get(index);
    if (attempt !== undefined) this.#attempts.set(index, attempt - 1);
    this.#frontier.retry(index);
    this.#scheduler.drain();
  }

  /**
   * Makes a node ready again after its delay.
   *
   * @param options `abandoned` is the last attempt, when that timed out and goes on: the next one waits for its end;
   *   `giveUp` is called instead when the run ends before
   */
  later(
    { index, task }: GraphNode,
    attempt: number,
    { giveUp, abandoned }: { readonly giveUp: () => void; readonly abandoned: Promise<void> | undefined },
  ): void {
    const wait = new Promise<void>((resolve) => {
      const stop = () => {
        clearTimeout(timer);
        this.#waiting.delete(stop);
        giveUp();
        resolve();
      };
      const retry = () => {
        if (!this.#waiting.delete(stop)) return;
        this.#frontier.retry(index);
        resolve();
      };
      const timer = setTimeout(() => (abandoned ? void abandoned.then(retry) : retry()), delayAfter(attempt, task));
      this.#waiting.add(stop);
    });
    this.#scheduler.track(wait);
  }

  /** The run ends: what waits to be tried again has failed. */
  giveUp(): void {
    for (const stop of [...this.#waiting]) stop();
  }
}

/** How long to wait after an attempt, in milliseconds: random by a half, so that tasks that failed together do not come back together. */
function delayAfter(attempt: number, { options: { retries } }: TaskDefinition): number {
  if (retries === undefined || typeof retries === 'number') return 0;
  const { delay = 0, factor = 2, maxDelay = 60_000 } = retries;
  // Up, since timers drop fractions and would come too early.
  return Math.ceil(Math.min(delay * factor ** (attempt - 1), maxDelay) * (0.5 + Math.random() / 2));
}
