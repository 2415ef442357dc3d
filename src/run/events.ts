import type { TaskKey } from '../task/context';
import type { TaskFailedError } from './errors';
import type { RunSummary } from './summary';

/** A task in a run, as events and plans name it. */
export interface NodeInfo {
  /** Undefined when a fingerprint that it depends on is unknown. */
  readonly key: TaskKey | undefined;
  readonly task: string;
  /** Without the values of secrets. */
  readonly params: Readonly<Record<string, unknown>>;
}

/** An event of a run, with its time in milliseconds since 1970, with fractions. */
export type RunEvent = RunHappening & { readonly time: number };

/** An event without its time. */
export type RunHappening =
  | { readonly type: 'run-started'; readonly target: readonly NodeInfo[] }
  | { readonly type: 'task-loaded'; readonly node: NodeInfo; readonly seconds: number }
  | {
      readonly type: 'task-started';
      readonly node: NodeInfo;
      readonly attempt: number;
      readonly queue: string;
      readonly executor: string;
      /** The keys of its requirements. */
      readonly requires: readonly TaskKey[];
    }
  /** Another run or process is computing it; its result will be loaded. */
  | { readonly type: 'task-waiting'; readonly node: NodeInfo }
  /** A worker of an executor with workers starts it; each worker runs one task at a time. */
  | {
      readonly type: 'task-assigned';
      readonly node: NodeInfo;
      /** A name that is unique among current workers, such as `threads 2`. */
      readonly worker: string;
      /** The start time in milliseconds since 1970; remote workers may report it late. */
      readonly since: number;
      /** The process id of a worker that is a process. */
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
  /** The last 64 Ki characters that it printed in its worker process; emitted when an attempt is over. */
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
      /** Undefined for a hook of the run. */
      readonly node?: NodeInfo;
      readonly error: Error;
    }
  | { readonly type: 'warning'; readonly message: string; readonly node?: NodeInfo }
  | { readonly type: 'run-finished'; readonly summary: RunSummary };

/** Delivers events to any number of listeners. Each receives the events from the start of its iteration on. */
export class EventStream implements AsyncIterable<RunEvent> {
  readonly #listeners = new Set<Listener>();
  #isOver = false;

  /** True while there are listeners: without any, events need not be created. */
  get isHeard(): boolean {
    return this.#listeners.size > 0;
  }

  /** @param body becomes the event */
  emit(body: RunHappening): void {
    const event = Object.assign(body, { time: performance.timeOrigin + performance.now() });
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

  /** The events in batches: a promise for each event costs more than most listeners do with it. */
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

/** The queue of one listener. A slow listener never holds up the run. */
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
