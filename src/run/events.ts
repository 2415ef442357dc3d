import type { TaskKey } from '../task/context';
import type { TaskFailedError } from './errors';
import type { RunSummary } from './summary';

/** A task in a run, as events and plans name it. */
export interface NodeInfo {
  /** Undefined while the state of something outside that it needs is not known. */
  readonly key: TaskKey | undefined;
  readonly task: string;
  /** Without the values of secrets. */
  readonly params: Readonly<Record<string, unknown>>;
}

/** What happens in a run, and when: in milliseconds since 1970, with fractions. */
export type RunEvent = RunHappening & { readonly time: number };

/** What happens in a run. */
export type RunHappening =
  | { readonly type: 'run-started'; readonly target: readonly NodeInfo[] }
  | { readonly type: 'task-loaded'; readonly node: NodeInfo; readonly seconds: number }
  | {
      readonly type: 'task-started';
      readonly node: NodeInfo;
      readonly attempt: number;
      readonly queue: string;
      readonly executor: string;
      /** The keys of what it requires. */
      readonly requires: readonly TaskKey[];
    }
  /** Another run or process computes it; its result will be loaded. */
  | { readonly type: 'task-waiting'; readonly node: NodeInfo }
  /** A worker begins on it, of an executor that has workers; one runs one task at a time. */
  | {
      readonly type: 'task-assigned';
      readonly node: NodeInfo;
      /** A name that no other worker has at the same time, such as `threads 2`. */
      readonly worker: string;
      /** When it began, in milliseconds since 1970: workers elsewhere may say it later. */
      readonly since: number;
      /** The process that the worker is, when it is one. */
      readonly pid?: number;
    }
  | {
      readonly type: 'task-progressed';
      readonly node: NodeInfo;
      readonly done: number;
      readonly total?: number;
      readonly note?: string;
    }
  | { readonly type: 'task-logged'; readonly node: NodeInfo; readonly message: string }
  /** What it printed in a process of its own, the last 64 Ki characters of it; told when an attempt is over. */
  | { readonly type: 'task-printed'; readonly node: NodeInfo; readonly output: string }
  | { readonly type: 'task-finished'; readonly node: NodeInfo; readonly seconds: number }
  | { readonly type: 'task-saved'; readonly node: NodeInfo; readonly bytes: number }
  | {
      readonly type: 'task-failed';
      readonly node: NodeInfo;
      readonly error: TaskFailedError;
      readonly willRetry: boolean;
    }
  | { readonly type: 'task-skipped'; readonly node: NodeInfo }
  | { readonly type: 'storage-failed'; readonly node?: NodeInfo; readonly error: Error }
  | {
      readonly type: 'hook-failed';
      readonly hook: 'restore' | 'checkpoint';
      /** Undefined when it is the run's own. */
      readonly node?: NodeInfo;
      readonly error: Error;
    }
  | { readonly type: 'warning'; readonly message: string; readonly node?: NodeInfo }
  | { readonly type: 'run-finished'; readonly summary: RunSummary };

/** Events on their way to those who iterate over them. Each gets all that happens from when it began. */
export class EventStream implements AsyncIterable<RunEvent> {
  readonly #listeners = new Set<Listener>();
  #isOver = false;

  /** Whether anybody listens: when not, events need not be made. */
  get isHeard(): boolean {
    return this.#listeners.size > 0;
  }

  /** @param happening becomes the event */
  emit(happening: RunHappening): void {
    const event = Object.assign(happening, { time: performance.timeOrigin + performance.now() });
    for (const listener of this.#listeners) listener.push(event);
  }

  end(): void {
    this.#isOver = true;
    for (const listener of this.#listeners) listener.wake();
    this.#listeners.clear();
  }

  [Symbol.asyncIterator](): AsyncGenerator<RunEvent> {
    return each(this.batches());
  }

  /** The same, as many at a time as there are: a promise for each event costs more than most listeners do with it. */
  batches(): AsyncGenerator<readonly RunEvent[]> {
    const listener = new Listener();
    if (!this.#isOver) this.#listeners.add(listener);
    return this.#drain(listener);
  }

  async *#drain(listener: Listener): AsyncGenerator<readonly RunEvent[]> {
    try {
      for (;;) {
        yield listener.take();
        if (this.#isOver) return yield listener.take();
        await listener.more();
      }
    } finally {
      this.#listeners.delete(listener);
    }
  }
}

async function* each(batches: AsyncIterable<readonly RunEvent[]>): AsyncGenerator<RunEvent> {
  for await (const events of batches) yield* events;
}

/** What one listener has not taken yet. A slow one never holds up the run. */
class Listener {
  #events: RunEvent[] = [];
  #wake: (() => void) | undefined;

  push(event: RunEvent): void {
    this.#events.push(event);
    this.wake();
  }

  wake(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  take(): RunEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  more(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#events.length > 0) resolve();
      else this.#wake = resolve;
    });
  }
}
